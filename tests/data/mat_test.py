import numpy as np
import pytest
from scipy import io

from da_jax.data import mat
from da_jax.errors import UserError


@pytest.fixture
def path(tmp_path):
  path = tmp_path / 'some.mat'
  arrays = {
    'X': np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    'y': np.array([[1.0], [2.0]]),
    'cells': np.array([[1, 'a']], object),
    'text': 'abc',
  }
  io.savemat(path, arrays, do_compression=True)
  return path


def test_reads_the_first_name_that_is_there(path):
  x, y = mat.read(path, ('fts', 'X'), ('y', 'X'))
  np.testing.assert_array_equal(x, np.arange(24).reshape(2, 3, 4))
  assert x.dtype == np.uint8
  np.testing.assert_array_equal(y, [[1], [2]])


def _cut(path):
  path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
  ('harm', 'names', 'culprit'),
  [
    (_cut, ('X',), r'some\.mat is damaged'),
    (lambda p: p.write_text('hello'), ('X',), r'some\.mat is damaged'),
    (lambda p: p.unlink(), ('X',), r'some\.mat'),
    (lambda p: None, ('fts', 'feas'), r'some\.mat has no .* fts or feas'),
    (lambda p: None, ('cells',), r'some\.mat: .* cells .* numbers'),
    (lambda p: None, ('text',), r'some\.mat: .* text .* numbers'),
  ],
)
def test_what_is_wrong_with_a_file_is_named(path, harm, names, culprit):
  harm(path)
  with pytest.raises(UserError, match=culprit):
    mat.read(path, names)
