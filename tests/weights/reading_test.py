"""The reader refuses everything but whole files of arrays."""

import numpy as np
import pytest
import safetensors.numpy

from da_jax.errors import UserError
from da_jax.weights import reading

ARRAYS = {'a.weight': np.arange(6, dtype=np.float32).reshape(2, 3)}


def write(path):
  if path.suffix == '.npz':
    np.savez(path, **ARRAYS)
  else:
    safetensors.numpy.save_file(ARRAYS, path)
  return path


@pytest.mark.parametrize('name', ['w.npz', 'w.safetensors'])
def test_reads_what_was_written(tmp_path, name):
  read = reading.read(str(write(tmp_path / name)))
  assert list(read) == list(ARRAYS)
  np.testing.assert_array_equal(read['a.weight'], ARRAYS['a.weight'])


@pytest.mark.parametrize('name', ['w.npz', 'w.safetensors'])
@pytest.mark.parametrize('kept', [0, 5, 60, -10])
def test_damaged_files(tmp_path, name, kept):
  path = write(tmp_path / name)
  path.write_bytes(path.read_bytes()[:kept])
  with pytest.raises(UserError, match=name):
    reading.read(path)


def test_flipped_bytes_in_npz(tmp_path):
  path = write(tmp_path / 'w.npz')
  content = bytearray(path.read_bytes())
  content[150] ^= 255
  path.write_bytes(content)
  with pytest.raises(UserError, match=r'w\.npz'):
    reading.read(path)


@pytest.mark.parametrize('name', ['w.npz', 'w.safetensors', 'w.pth', 'w'])
def test_missing_or_unknown(tmp_path, name):
  with pytest.raises(UserError, match=name):
    reading.read(tmp_path / name)


def test_folder(tmp_path):
  (tmp_path / 'w.npz').mkdir()
  with pytest.raises(UserError, match=r'w\.npz'):
    reading.read(tmp_path / 'w.npz')


def test_pickles_are_not_loaded(tmp_path):
  np.savez(tmp_path / 'w.npz', a=np.array([{}], dtype=object))
  with pytest.raises(UserError, match=r'w\.npz'):
    reading.read(tmp_path / 'w.npz')
