import math

import numpy as np
import pytest

from da_jax.selection.agreement import (
  choose,
  mean_ranks,
  rank_correlation,
  regret,
)

NAN = math.nan


@pytest.mark.parametrize(
  ('scores', 'expected'),
  [
    ([0.1, 0.3, 0.2], 1),
    ([0.3, 0.2, 0.3], 2),
    ([None, 0.1, None], 1),
    ([NAN, -5.0, -7.0], 1),
    ([NAN, NAN], None),
    ([-math.inf, NAN], 0),
  ],
)
def test_the_last_of_the_highest_is_chosen_and_never_nan(scores, expected):
  assert choose(scores) == expected


def test_regret_is_what_the_choice_costs():
  assert regret([1, 3, 2], [0.7, 0.6, 0.9]) == pytest.approx(0.3)
  assert regret([1, 2, 3], [0.7, 0.6, 0.9]) == 0.0
  # Nothing is chosen: the last one counts.
  assert regret([NAN, NAN, NAN], [0.1, 0.4, 0.2]) == pytest.approx(0.2)


def test_rank_correlation_without_ties_is_the_closed_form():
  rng = np.random.default_rng(0)
  a, b = rng.normal(size=(2, 20))
  ranks = [np.argsort(np.argsort(x)) for x in (a, b)]
  d2 = sum((i - j) ** 2 for i, j in zip(*ranks, strict=True))
  expected = 1 - 6 * d2 / (20 * (20**2 - 1))
  assert rank_correlation(a, b) == pytest.approx(expected)
  # Only ranks count.
  assert rank_correlation(np.exp(a), b**3) == pytest.approx(expected)


def test_nan_ranks_lowest():
  assert rank_correlation([NAN, 1.0, 2.0], [0.1, 0.2, 0.3]) == 1.0
  assert rank_correlation([NAN, 1.0, 2.0], [0.4, 0.2, 0.3]) == -0.5


@pytest.mark.parametrize(
  ('scores', 'oracle'), [([1, 1], [0.1, 0.2]), ([1, 2], [0.1, 0.1])]
)
def test_a_constant_has_no_rank_correlation(scores, oracle):
  assert math.isnan(rank_correlation(scores, oracle))


@pytest.mark.parametrize('function', [regret, rank_correlation])
def test_numbers_that_differ_are_refused(function):
  with pytest.raises(ValueError, match='2 scores, 3 accuracies'):
    function([1, 2], [1, 2, 3])


def test_mean_ranks_by_hand():
  # Ranks 1 3 2 4 and, with the mean rank of equals, 2 3.5 3.5 1.
  ranks = mean_ranks([0.1, 0.5, 0.4, 0.9], [0.2, 0.7, 0.7, None])
  assert ranks.tolist() == [1.5, 3.25, 2.75, 2.5]
  assert choose(ranks) == 1
  with pytest.raises(ValueError, match='2 scores, 3'):
    mean_ranks([0.1, 0.2], [1.0, 2.0, 3.0])


def test_mean_ranks_do_not_depend_on_the_scale_of_a_validator():
  rng = np.random.default_rng(0)
  a, b = rng.normal(size=(2, 9))
  np.testing.assert_array_equal(
    mean_ranks(a, b), mean_ranks(np.exp(a), 100 * b - 3)
  )
