import numpy as np
import pytest

from da_jax.data.published import label_counts, mnist, svhn, usps
from da_jax.errors import UserError

PUBLISHED = (3, 1, 2)
Y = np.repeat([0, 1, 2], PUBLISHED)


@pytest.mark.parametrize('y', [Y, Y[::-1], Y[:-1], np.zeros(2, int)])
def test_published_labels_and_subsets_pass(y):
  label_counts.check('here', y, PUBLISHED)


@pytest.mark.parametrize('shift', [1, 2])
def test_shifted_labels_are_named(shift):
  with pytest.raises(UserError, match=rf'^file: .*shifted by {shift}: .*3, 1'):
    label_counts.check('file', (Y + shift) % 3, PUBLISHED)


def test_labels_of_another_set_are_named():
  with pytest.raises(UserError, match=r'file: .* not the published.*2, 2, 2'):
    label_counts.check('file', np.repeat([0, 1, 2], 2), PUBLISHED)


def test_a_label_above_all_classes_is_named():
  with pytest.raises(UserError, match='not the published'):
    label_counts.check('file', np.array([0, 0, 0, 1, 2, 3]), PUBLISHED)


@pytest.mark.parametrize(
  ('counts', 'train', 'test'),
  [
    (mnist.COUNTS, 60000, 10000),
    (usps.COUNTS, 7291, 2007),
    (svhn.COUNTS, 73257, 26032),
  ],
)
def test_published_numbers_sum_up(counts, train, test):
  assert {split: sum(c) for split, c in counts.items()} == {
    'train': train,
    'test': test,
  }
