"""Pretrained weights: files of other libraries into linen variables."""

import json
import os
from typing import NamedTuple

import numpy as np

from da_jax import types
from da_jax.data import normalisation
from da_jax.data.normalisation import Normalisation
from da_jax.errors import UserError
from da_jax.weights import reading, torchvision


class Pretrained(NamedTuple):
  """What a file gives a backbone."""

  variables: types.PyTree  # {'params', 'batch_stats'}
  # 'kernel' [d, k] and 'bias' [k] of the classification layer, if it has one.
  head: dict[str, np.ndarray] | None


def load(
  path: str | os.PathLike,
  template: types.PyTree,
  backbone: str | None = None,
  *,
  whole: bool = True,
) -> Pretrained:
  """Reads the variables of a backbone, and the layer that classified.

  Args:
    path: a file for `reading.read`.
    template: `{'params', 'batch_stats'}` of the backbone, arrays or
      `jax.ShapeDtypeStruct`s.
    backbone: its key in `models.BACKBONES`, for names that differ from ours.
    whole: whether the template has all of the backbone; else what the file has
      beyond it is ignored.

  Returns:
    Arrays in the structure, shapes and dtypes of the template; the head.

  Raises:
    UserError: the file cannot be read or is of another network.
  """
  tensors = reading.read(path)
  try:
    variables = torchvision.to_variables(
      tensors, template, backbone, whole=whole
    )
  except UserError as error:
    raise UserError(f'{path}: {error}') from error
  return Pretrained(variables, torchvision.head(tensors, backbone))


def load_backbone(
  path: str | os.PathLike,
  template: types.PyTree,
  backbone: str | None = None,
  *,
  whole: bool = True,
) -> types.PyTree:
  """The variables alone; see `load`."""
  return load(path, template, backbone, whole=whole).variables


def input_of(
  path: str | os.PathLike, backbone: str | None
) -> Normalisation | None:
  """How the images were normalised that the weights of a file were trained on.

  Args:
    path: a file for `reading.read`.
    backbone: key of `models.BACKBONES`.

  Returns:
    What the file says of itself, else what is usual for names of its style;
    None if neither is known.

  Raises:
    UserError: the file cannot be read.
  """
  tensors = reading.read(path)
  said = reading.metadata(path).get('images')
  if said is not None:
    return normalisation.from_record(json.loads(said))
  return torchvision.names_of(backbone, tensors).normalisation
