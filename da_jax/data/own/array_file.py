"""Arrays of the user's own: `x` and `y` of one NumPy or MATLAB file."""

import pathlib
import zipfile
import zlib

import numpy as np

from da_jax.data import mat
from da_jax.errors import UserError

SUFFIXES = ('.npz', '.mat')
# As the files of published MATLAB code name them.
_MAT_NAMES = (('x', 'y'), ('fts', 'labels'), ('feas', 'labels'))


def read(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
  """Reads the examples and the labels of one domain.

  Args:
    path: `.npz` with `x` and `y`; or `.mat`, up to version 7, with `x` and
      `y`, `fts` and `labels` or `feas` and `labels`.

  Returns:
    Real numbers [n, ...], not checked to be finite, and labels as stored; a
    row or column of them in a `.mat` becomes a vector.

  Raises:
    UserError: the file is damaged or lacks an array, or one is of another type
      or length.
  """
  mat = path.suffix.lower() == '.mat'
  x, y = _read_mat(path) if mat else _read_npz(path)
  if x.dtype.kind not in 'biuf':
    raise UserError(
      f'x of {path} has the type {x.dtype}, but real numbers are wanted.'
    )
  if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
    raise UserError(
      f'x and y of {path} differ in length: their shapes are {x.shape} and'
      f' {y.shape}.'
    )
  if x.size == 0:
    raise UserError(f'x of {path} is empty: its shape is {x.shape}.')
  return x if x.dtype.kind == 'f' else x.astype(np.float64), y


def _read_npz(path):
  if not zipfile.is_zipfile(path):
    raise UserError(f'{path} is no .npz: write it with numpy.savez.')
  try:
    with np.load(path, allow_pickle=False) as file:
      missing = {'x', 'y'} - set(file.files)
      if missing:
        raise UserError(_lacks(path, 'x and y', file.files))
      return file['x'], file['y']
  except UserError:
    raise
  except ValueError as error:
    raise UserError(
      f'{path} holds an array of objects or a damaged one: store x and y as'
      ' numbers, or y as strings of fixed width (astype(str)).'
    ) from error
  except (EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
    raise UserError(f'{path} is damaged ({error}): write it again.') from error


def _read_mat(path):
  arrays = mat.load(path)
  for names in _MAT_NAMES:
    if all(name in arrays for name in names):
      x, y = (np.asarray(arrays[name]) for name in names)
      return x, y.ravel() if 1 in y.shape else y
  wanted = ', or '.join(' and '.join(names) for names in _MAT_NAMES)
  raise UserError(_lacks(path, wanted, list(arrays)))


def _lacks(path, wanted, found) -> str:
  found = ', '.join(found) or 'nothing'
  return f'{path} has {found}, but {wanted} are wanted.'
