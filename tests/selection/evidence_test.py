import numpy as np
import pytest

from da_jax.selection.evidence import draw, one_class, validator


def test_few_rows_are_all_kept_and_in_order():
  x = np.arange(5)
  assert draw(x, limit=5)[0].tolist() == [0, 1, 2, 3, 4]


def test_drawn_rows_belong_together_and_are_the_same_again():
  x = np.arange(5000)
  first, second = draw(x, 2 * x)
  assert len(set(first.tolist())) == 2000
  np.testing.assert_array_equal(second, 2 * first)
  np.testing.assert_array_equal(first, draw(x)[0])
  assert abs(first.mean() - 2500) < 150  # from everywhere


@pytest.mark.parametrize(
  ('logits', 'expected'), [([[1, 2], [0, 3]], True), ([[1, 2], [3, 0]], False)]
)
def test_one_class_is_what_is_predicted(logits, expected):
  assert one_class(np.array(logits)) is expected


def test_a_validator_reads_float64(evidence):
  @validator
  def score(seen):
    assert seen.features_s.dtype == seen.logits_t.dtype == np.float64
    assert seen.y_s.dtype == np.int64 and seen.features_train is None
    return seen.logits_t.sum()

  assert type(score(evidence)) is float
