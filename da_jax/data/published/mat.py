"""Arrays of MATLAB files, up to version 7.2 of the format."""

import pathlib

import numpy as np

from da_jax.errors import UserError


def read(path: pathlib.Path, *variables: tuple[str, ...]) -> list[np.ndarray]:
  """Reads some variables of a file.

  Args:
    path: of the file.
    *variables: of each, the names that it may have; the first that is there
      counts.

  Returns:
    Arrays of numbers, at least two-dimensional as MATLAB's are.

  Raises:
    UserError: the file is damaged, or a variable is missing or no numbers.
  """
  from scipy import io

  wanted = [name for names in variables for name in names]
  # scipy raises a dozen types of exception on damaged files.
  try:
    found = io.loadmat(path, variable_names=wanted)
  except Exception as error:
    raise UserError(f'{path} is damaged ({error}): get it again.') from error
  return [_numbers(path, found, names) for names in variables]


def _numbers(path, found, names: tuple[str, ...]) -> np.ndarray:
  name = next((name for name in names if name in found), None)
  if name is None:
    raise UserError(f'{path} has no variable {" or ".join(names)}.')
  array = found[name]
  if not isinstance(array, np.ndarray) or array.dtype.kind not in 'uif':
    raise UserError(f'{path}: the variable {name} is not an array of numbers.')
  return array
