import numpy as np
import pytest

from da_jax.data.own import labels
from da_jax.errors import UserError


def _encode(values):
  values = np.array(values)
  return labels.encode(values, np.arange(len(values)), 'a.npz')


@pytest.mark.parametrize(
  ('values', 'class_names', 'y'),
  [
    ([10, 2, 10], ('2', '10'), [1, 0, 1]),
    ([1, -1, 1], ('-1', '1'), [1, 0, 1]),
    ([2.0, 10.0], ('2', '10'), [0, 1]),
    ([True, False], ('0', '1'), [1, 0]),
    (['10', '2', '10'], ('2', '10'), [1, 0, 1]),
    (['1.0', '2', '1'], ('1', '2'), [0, 1, 0]),
    (['01', '2'], ('01', '2'), [0, 1]),
    (['pen', 'Mug', 'pen'], ('Mug', 'pen'), [1, 0, 1]),
    (['10', '2', 'x'], ('10', '2', 'x'), [0, 1, 2]),
  ],
)
def test_names_classes(values, class_names, y):
  names, encoded = _encode(values)
  assert names == class_names
  assert encoded.tolist() == y and encoded.dtype == np.int32


@pytest.mark.parametrize(
  ('values', 'culprit'),
  [
    (np.eye(3), r'a\.npz .*\(3, 3\).*argmax'),
    (np.zeros((3, 1)), r'\(3, 1\).*\[:, 0\]'),
    ([1.0, np.nan, 2.0], 'no label in row 1'),
    (['a', 'b', ''], 'no label in row 2'),
    ([0.0, 0.5], r'0\.5, which is no whole number'),
    (['1', '2.5'], r'2\.5, which is no whole number'),
    ([0.0, np.inf], 'inf, which is no whole number'),
    ([3, 3, 3], 'class 3 alone'),
    ([3], '1 rows'),
    ([1j, 2j], 'complex128'),
    ([b'a', b'b'], r'\|S1'),
  ],
)
def test_what_is_wrong_with_labels_is_named(values, culprit):
  with pytest.raises(UserError, match=culprit):
    _encode(values)
