"""Arrays by name from the HDF5 files of Keras 1 and 2."""

import pathlib

import numpy as np

from da_jax.errors import UserError


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
  """Reads the weights of a whole model or of `save_weights`.

  Args:
    path: the `.h5` file.

  Returns:
    Arrays by 'layer/weight', such as 'conv1_bn/gamma'.

  Raises:
    UserError: the file is of Keras 3, which numbers weights, or of others.
    Exception: of many types, the file is damaged.
  """
  import h5py

  with h5py.File(path, 'r') as file:
    root = file.get('model_weights', file)
    if 'layer_names' not in root.attrs:
      raise UserError(
        'names no layers, as Keras 1 and 2 do: save the weights by such names'
        ' as .npz.'
      )
    arrays = {}
    for layer in map(_text, root.attrs['layer_names']):
      for name in map(_text, root[layer].attrs['weight_names']):
        weight = name.rsplit('/', 1)[-1].removesuffix(':0')
        arrays[f'{layer}/{weight}'] = root[layer][name][()]
  return arrays


def _text(name: bytes | str) -> str:
  return name.decode() if isinstance(name, bytes) else name
