"""Arrays by name from files, none of which gets to run code."""

from collections.abc import Mapping
import os
import pathlib
from typing import Any
import zipfile

from flax import serialization
import numpy as np
import safetensors
import safetensors.numpy

from da_jax.errors import UserError
from da_jax.weights import keras_h5, torch_pickle


def read(path: str | os.PathLike) -> dict[str, np.ndarray]:
  """Reads all arrays of a file.

  Args:
    path: `.safetensors`, `.npz`, `.msgpack` (of Flax), `.h5` (of Keras) or
      `.pth`, `.pt`, `.th`, `.bin` (of torch; see `pickle_machine`).

  Returns:
    The arrays by name: as in the file, 'a.b.c' of nested dicts, 'layer/weight'
    of Keras.

  Raises:
    UserError: the file is missing, of another kind, damaged, or a pickle that
      asks for more than tensors.
  """
  path = pathlib.Path(path)
  if path.suffix not in _READERS:
    raise UserError(
      f'{path} is of no known kind, which are {" ".join(_READERS)}: convert the'
      ' weights first.'
    )
  if not path.is_file():
    raise UserError(f'{path} is not a file: check the path of the weights.')
  try:
    return _READERS[path.suffix](path)
  except UserError as error:
    raise UserError(f'{path} {error}') from error
  except Exception as error:  # on damage, each library raises what it likes
    raise UserError(
      f'{path} cannot be read, fetch it again: {error}.'
    ) from error


def metadata(path: str | os.PathLike) -> dict[str, str]:
  """What a readable file says of itself; nothing unless `.safetensors`."""
  if pathlib.Path(path).suffix != '.safetensors':
    return {}
  with safetensors.safe_open(path, framework='numpy') as file:
    return file.metadata() or {}


def _read_npz(path: pathlib.Path) -> dict[str, np.ndarray]:
  with zipfile.ZipFile(path):
    pass
  with np.load(path, allow_pickle=False) as arrays:
    return dict(arrays)


def _read_msgpack(path: pathlib.Path) -> dict[str, np.ndarray]:
  return _flatten(serialization.msgpack_restore(path.read_bytes()))


def _flatten(tree: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
  arrays = {}
  for name, value in tree.items():
    if isinstance(value, dict):
      arrays |= _flatten(value, f'{prefix}{name}.')
    elif isinstance(value, np.ndarray):
      arrays[f'{prefix}{name}'] = value
  return arrays


_READERS = {
  '.safetensors': safetensors.numpy.load_file,
  '.npz': _read_npz,
  '.msgpack': _read_msgpack,
  '.h5': keras_h5.read,
  **dict.fromkeys(('.pth', '.pt', '.th', '.bin'), torch_pickle.read),
}
