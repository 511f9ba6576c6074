"""Pretrained weights: files with torch's names into linen variables."""

import os

from da_jax import types
from da_jax.errors import UserError
from da_jax.weights import reading, torchvision


def load_backbone(
  path: str | os.PathLike, template: types.PyTree
) -> types.PyTree:
  """Reads the variables of a backbone from a `.safetensors` or `.npz` file.

  Args:
    path: a state dict under torchvision's names.
    template: `{'params', 'batch_stats'}` of the backbone, arrays or
      `jax.ShapeDtypeStruct`s.

  Returns:
    Arrays in the structure, shapes and dtypes of the template.

  Raises:
    UserError: the file cannot be read or is of another network.
  """
  tensors = reading.read(path)
  try:
    return torchvision.to_variables(tensors, template)
  except UserError as error:
    raise UserError(f'{path}: {error}') from error
