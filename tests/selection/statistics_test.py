import math

import numpy as np
import pytest
from scipy import stats

from da_jax.selection.statistics import compare, holm, summarise

VALUES = [0.71, 0.74, 0.69, 0.80, 0.73]


def test_a_summary_is_the_textbook():
  found = summarise(VALUES)
  mean = sum(VALUES) / 5
  std = math.sqrt(sum((v - mean) ** 2 for v in VALUES) / 4)
  half = 2.7764451052 * std / math.sqrt(5)  # t_{.975, 4} of the tables
  assert found.count == 5 and found.worst == 0.69
  assert found.mean == pytest.approx(mean)
  assert found.std == pytest.approx(std)
  assert found.t_interval == pytest.approx((mean - half, mean + half))


def test_the_bootstrap_is_inside_the_values_and_the_same_again():
  low, high = summarise(VALUES).bootstrap_interval
  assert 0.69 < low < np.mean(VALUES) < high < 0.80
  assert summarise(VALUES) == summarise(VALUES)


def test_both_intervals_agree_on_many_seeds():
  found = summarise(np.random.default_rng(0).normal(size=400))
  assert found.bootstrap_interval == pytest.approx(found.t_interval, abs=0.02)


def test_one_seed_has_no_spread():
  assert summarise([0.5]) == (1, 0.5, None, None, None, 0.5)


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('values', [[0.3] * 3, [0.1 + 0.2, 0.3, 0.3]])
def test_equal_values_have_no_interval(values):
  assert summarise(values) == (3, 0.3, 0.0, None, None, 0.3)


@pytest.mark.filterwarnings('error')
def test_the_bootstrap_of_few_and_tied_values_is_finite():
  for values in ([0.1, 0.2], [0, 0, 1 / 157], [0.5, 0.5, 0.5, 0.5 + 1e-9]):
    low, high = summarise(values).bootstrap_interval
    assert min(values) <= low < high <= max(values) + 1e-15
    left_out = summarise(values, bootstrap=False)
    assert left_out == summarise(values)._replace(bootstrap_interval=None)


@pytest.mark.parametrize('values', [[], [0.1, math.nan]])
def test_values_that_say_nothing_are_refused(values):
  with pytest.raises(ValueError, match='finite values'):
    summarise(values)


def test_p_values_are_those_of_scipys_paired_tests():
  rng = np.random.default_rng(0)
  a, b = rng.normal(size=(2, 9))
  found = compare(a, b)
  assert found.p_t == pytest.approx(stats.ttest_rel(a, b).pvalue)
  assert found.p_wilcoxon == pytest.approx(stats.wilcoxon(a, b).pvalue)
  assert found.difference == summarise(a - b)


@pytest.mark.parametrize(
  ('method', 'verdict'),
  [
    ([0.80, 0.82, 0.79], 'helps'),
    ([0.60, 0.62, 0.59], 'negative transfer'),
    ([0.80, 0.65, 0.71], 'no evidence'),
  ],
)
def test_the_verdict_has_the_direction_of_the_evidence(method, verdict):
  assert compare(method, [0.70, 0.71, 0.70]).verdict == verdict
  assert compare(method, [0.70, 0.71, 0.70]).p_wilcoxon is None


def test_pairs_count_and_not_the_spread_between_seeds():
  baseline = np.array([0.3, 0.5, 0.7, 0.9])
  better = baseline + np.array([0.02, 0.021, 0.019, 0.02])
  assert stats.ttest_ind(better, baseline).pvalue > 0.9
  assert compare(better, baseline).verdict == 'helps'


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize(
  ('method', 'baseline'),
  [
    ([105 / 157, 103 / 157], [104 / 157, 102 / 157]),
    ([0.61, 0.51, 0.41], [0.60, 0.50, 0.40]),
    ([2e-8, 3e-8, 4e-8], [1e-8, 2e-8, 3e-8]),
  ],
)
def test_equal_differences_have_no_spread_to_test_by(method, baseline):
  found = compare(method, baseline)
  assert found.p_t is found.p is found.difference.t_interval is None
  assert found.verdict == 'no evidence'


def test_two_seeds_are_never_enough():
  assert stats.ttest_rel([0.9, 0.8001], [0.1, 0.0]).pvalue < 1e-3
  found = compare([0.9, 0.8001], [0.1, 0.0])
  assert (found.p, found.verdict) == (None, 'no evidence')


def test_rounding_errors_are_no_differences():
  values = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
  found = compare(values + 0.1, values + 0.3 - 0.2)
  assert (found.difference.mean, found.p, found.verdict) == (
    *(0.0, 1.0),
    'no evidence',
  )


def test_from_six_seeds_on_both_tests_must_agree():
  # Six equal differences have no t-test, but six signs: p = 2 / 2^6.
  equal = compare([1] * 6, [0] * 6)
  assert (equal.p_t, equal.p_wilcoxon) == (None, 2 / 64)
  assert equal.verdict == 'helps'
  # One pair without difference leaves five signs, whose least p is 1/16.
  one_equal = compare([0.50, 0.51, 0.49, 0.5, 0.5, 0.0], [0] * 6)
  assert one_equal.p_t < 0.05 < one_equal.p_wilcoxon
  assert one_equal.verdict == 'no evidence'
  assert one_equal.p == one_equal.p_wilcoxon


@pytest.mark.parametrize('count', [1, 2, 7])
def test_a_method_against_itself_is_no_evidence(count):
  values = [0.1 * i for i in range(count)]
  found = compare(values, values)
  assert found.verdict == 'no evidence'
  assert found.p_t == (1.0 if count > 2 else None)


def test_one_seed_is_no_evidence():
  assert compare([0.9], [0.1]).verdict == 'no evidence'


def test_holms_adjustment_is_the_worked_example():
  # p.adjust(c(.01, .02, .03, .04, .05), 'holm') of R.
  expected = [0.05, 0.08, 0.09, 0.09, 0.09]
  assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx(expected)
  # Untested ones do not count; .005 * 3, .02 * 2, .6.
  found = holm([0.6, None, 0.02, 0.005])
  assert found[1] is None
  assert [found[i] for i in (0, 2, 3)] == pytest.approx([0.6, 0.04, 0.015])
  assert holm([0.9, 0.8]) == [1.0, 1.0] and holm([]) == []


def test_seeds_that_differ_are_refused():
  with pytest.raises(ValueError, match='2 values against 3'):
    compare([1, 2], [1, 2, 3])
