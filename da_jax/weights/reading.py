"""Arrays by name from files that cannot run code."""

import os
import pathlib
import zipfile
import zlib

import numpy as np
import safetensors
import safetensors.numpy

from da_jax.errors import UserError


def read(path: str | os.PathLike) -> dict[str, np.ndarray]:
  """Reads all arrays of a `.safetensors` or `.npz` file.

  Args:
    path: the file; pickles, bare or inside of it, are never loaded.

  Returns:
    The arrays by name.

  Raises:
    UserError: the file is missing, of another kind or damaged.
  """
  path = pathlib.Path(path)
  readers = {'.safetensors': safetensors.numpy.load_file, '.npz': _read_npz}
  if path.suffix not in readers:
    raise UserError(
      f'{path} is neither .safetensors nor .npz: convert the weights first.'
    )
  if not path.is_file():
    raise UserError(f'{path} is not a file: check the path of the weights.')
  try:
    return readers[path.suffix](path)
  except (
    EOFError,
    KeyError,
    OSError,
    ValueError,
    safetensors.SafetensorError,
    zipfile.BadZipFile,
    zlib.error,
  ) as error:
    raise UserError(
      f'{path} cannot be read, fetch it again: {error}.'
    ) from error


def _read_npz(path: pathlib.Path) -> dict[str, np.ndarray]:
  with zipfile.ZipFile(path):
    pass
  with np.load(path, allow_pickle=False) as arrays:
    return dict(arrays)
