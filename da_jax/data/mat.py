"""Arrays of MATLAB files, up to version 7.2 of the format."""

import pathlib
from typing import Any

import numpy as np

from da_jax.errors import UserError


def load(path: pathlib.Path) -> dict[str, Any]:
  """Reads all variables of a file.

  Args:
    path: of the file.

  Raises:
    UserError: the file is damaged or of version 7.3.
  """
  from scipy import io

  try:
    found = io.loadmat(path)
  except NotImplementedError as error:
    raise UserError(
      f'{path} is a MATLAB file of version 7.3: save it with -v7.'
    ) from error
  # scipy raises a dozen types of exception on damaged files.
  except Exception as error:
    raise UserError(
      f'{path} is damaged ({error}): get or write it again.'
    ) from error
  return {name: v for name, v in found.items() if not name.startswith('__')}


def read(path: pathlib.Path, *variables: tuple[str, ...]) -> list[np.ndarray]:
  """Reads some variables of a file.

  Args:
    path: of the file.
    *variables: of each, the names that it may have; the first that is there
      counts.

  Returns:
    Arrays of numbers, at least two-dimensional as MATLAB's are.

  Raises:
    UserError: see `load`, or a variable is missing or no numbers.
  """
  found = load(path)
  return [_numbers(path, found, names) for names in variables]


def _numbers(path, found, names: tuple[str, ...]) -> np.ndarray:
  name = next((name for name in names if name in found), None)
  if name is None:
    raise UserError(f'{path} has no variable {" or ".join(names)}.')
  array = found[name]
  if not isinstance(array, np.ndarray) or array.dtype.kind not in 'uif':
    raise UserError(f'{path}: the variable {name} is not an array of numbers.')
  return array
