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
  x, y = _read_mat(path) if mat else _read_npz(path, ('x', 'y'))
  if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
    raise UserError(
      f'x and y of {path} differ in length: their shapes are {x.shape} and'
      f' {y.shape}.'
    )
  return _numbers(path, x), y


def read_unlabelled(path: pathlib.Path) -> np.ndarray:
  """Reads `x` [n, ...] of an `.npz`, whether there is a `y` or not.

  Raises:
    UserError: see `read`.
  """
  (x,) = _read_npz(path, ('x',))
  return _numbers(path, x)


def _numbers(path: pathlib.Path, x: np.ndarray) -> np.ndarray:
  if x.dtype.kind not in 'biuf':
    raise UserError(
      f'x of {path} has the type {x.dtype}, but real numbers are wanted.'
    )
  if x.size == 0:
    raise UserError(f'x of {path} is empty: its shape is {x.shape}.')
  return x if x.dtype.kind == 'f' else x.astype(np.float64)


def _read_npz(path, names):
  if not zipfile.is_zipfile(path):
    raise UserError(f'{path} is no .npz: write it with numpy.savez.')
  try:
    with np.load(path, allow_pickle=False) as file:
      if not set(names) <= set(file.files):
        wanted = f'{" and ".join(names)} {"are" if names[1:] else "is"}'
        raise UserError(_lacks(path, wanted, file.files))
      return tuple(file[name] for name in names)
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
  raise UserError(_lacks(path, f'{wanted} are', list(arrays)))


def _lacks(path, wanted, found) -> str:
  found = ', '.join(found) or 'nothing'
  return f'{path} has {found}, but {wanted} wanted.'
