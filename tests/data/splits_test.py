import numpy as np
import pytest

from da_jax.data import splits
from da_jax.errors import UserError

LABELS = np.repeat([0, 1, 2, 3], [100, 20, 2, 1])


def test_hold_out_parts_every_class_in_the_proportion():
  kept, held = splits.hold_out(LABELS, 0.15)
  np.testing.assert_array_equal(
    np.sort(np.concatenate([kept, held])), np.arange(len(LABELS))
  )
  assert np.bincount(LABELS[held], minlength=4).tolist() == [15, 3, 1, 0]
  assert (np.diff(kept) > 0).all()
  assert (np.diff(held) > 0).all()


def test_hold_out_keeps_one_of_every_class():
  kept, _ = splits.hold_out(LABELS, 0.99)
  assert set(LABELS[kept]) == {0, 1, 2, 3}


def test_hold_out_is_a_function_of_the_seed():
  first, again, other = (splits.hold_out(LABELS, 0.15, s)[1] for s in (0, 0, 1))
  np.testing.assert_array_equal(first, again)
  assert not np.array_equal(first, other)


def test_hold_out_needs_a_class_of_two():
  with pytest.raises(UserError, match='3 source examples'):
    splits.hold_out(np.arange(3), 0.15)


@pytest.mark.parametrize('fraction', [0.0, 1.0, 1.5])
def test_hold_out_refuses_no_fraction(fraction):
  with pytest.raises(ValueError, match='fraction'):
    splits.hold_out(LABELS, fraction)


def test_few_labels_draws_as_many_of_every_class():
  y = LABELS[:-3]
  indices = splits.few_labels(y, 3, seed=0)
  assert np.bincount(y[indices]).tolist() == [3, 3]
  assert len(np.unique(indices)) == 6
  np.testing.assert_array_equal(indices, splits.few_labels(y, 3, seed=0))
  assert not np.array_equal(indices, splits.few_labels(y, 3, seed=1))


@pytest.mark.parametrize(
  ('y', 'culprit'),
  [(LABELS, 'class 2 has 2 examples'), ([0, 0, 0, 2, 2, 2], 'class 1 has 0')],
)
def test_few_labels_names_the_class_that_has_fewer(y, culprit):
  with pytest.raises(UserError, match=culprit):
    splits.few_labels(np.array(y), 3, seed=0)
