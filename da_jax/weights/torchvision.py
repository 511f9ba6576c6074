"""Weight files, of torchvision above all, as variables of linen and back."""

from collections.abc import Mapping
import os
import pathlib

from flax import traverse_util
import jax
import jax.numpy as jnp
import numpy as np
import safetensors.numpy

from da_jax import types
from da_jax.errors import UserError
from da_jax.weights import layouts
from da_jax.weights.architectures import ARCHITECTURES, Names

# What an exported run has beside the backbone.
_OWN = ('bottleneck', 'head')


def names_of(backbone: str | None, tensors: Mapping[str, np.ndarray]) -> Names:
  """What is particular to a file of a backbone, from the style of its names."""
  names = layouts.plain(tensors).keys()
  known = ARCHITECTURES.get(backbone, {})
  return known.get(layouts.style_of(names), Names()).variant(names)


def to_variables(
  tensors: Mapping[str, np.ndarray],
  template: types.PyTree,
  backbone: str | None = None,
  *,
  whole: bool = True,
) -> types.PyTree:
  """Arranges the arrays of a file as the variables of a linen backbone.

  Args:
    tensors: arrays by name, see `layouts`; the classification layer is ignored.
    template: `{'params', 'batch_stats'}` of arrays or ShapeDtypeStructs.
    backbone: key of `models.BACKBONES`, for what is particular to its files.
    whole: whether the template has all of the backbone; else what the file has
      beyond it is ignored.

  Returns:
    Arrays in the structure, shapes and dtypes of the template.

  Raises:
    UserError: a name is missing, unexpected or of another shape.
  """
  wrong = misfits(tensors, template, backbone, whole=whole)
  if wrong:
    more = f'; and {len(wrong) - 3} more' if len(wrong) > 3 else ''
    raise UserError(
      f'the weights do not fit the backbone: {"; ".join(wrong[:3])}{more}.'
    )
  tensors, style, wanted = _match(tensors, template, backbone)
  leaves = traverse_util.flatten_dict(template)
  arrays = {}
  for path, (name, _) in wanted.items():
    axes = layouts.axes_in_linen(style, path[-1], tensors[name].ndim)
    array = tensors[name].transpose(axes)
    arrays[path] = jnp.array(array, leaves[path].dtype)
  return traverse_util.unflatten_dict(arrays)


def misfits(
  tensors: Mapping[str, np.ndarray],
  template: types.PyTree,
  backbone: str | None = None,
  *,
  whole: bool = True,
) -> list[str]:
  """Why the arrays of a file are not those of a backbone, in its own names.

  Args:
    tensors: see `to_variables`, as the others.
    template: of the backbone.
    backbone: its key.
    whole: see `to_variables`.

  Returns:
    A sentence for each misfit; none where the file fits.
  """
  names = names_of(backbone, tensors)
  tensors, _, wanted = _match(tensors, template, backbone)
  shapes = dict(wanted.values())
  ignored = tuple(f'{m}{end}' for m in (*_OWN, names.head) for end in './')
  problems = [
    f'{name} {shape} is missing'
    for name, shape in shapes.items()
    if name not in tensors
  ]
  for name, tensor in tensors.items():
    if name not in shapes:
      if whole and not name.startswith(ignored):
        problems.append(f'{name} {tensor.shape} is unexpected')
    elif tensor.shape != shapes[name]:
      problems.append(f'{name} is {tensor.shape} instead of {shapes[name]}')
  return problems


def head(
  tensors: Mapping[str, np.ndarray], backbone: str
) -> dict[str, np.ndarray] | None:
  """The classification layer of a file.

  Args:
    tensors: arrays by name.
    backbone: key of `models.BACKBONES`.

  Returns:
    'kernel' [d, k] and 'bias' [k] such that `z @ kernel + bias` of the
    backbone's features are logits; None where the file or the network has none.
  """
  names = names_of(backbone, tensors)
  tensors = layouts.plain(tensors)
  style = layouts.style_of(tensors)
  found = {
    leaf: tensors.get(layouts.array_name(style, '', names.head, leaf, False))
    for leaf in ('kernel', 'bias')
  }
  if not names.head_is_affine or any(a is None for a in found.values()):
    return None
  kernel = found['kernel']
  kernel = kernel.transpose(layouts.axes_in_linen(style, 'kernel', kernel.ndim))
  return {
    'kernel': kernel.reshape(kernel.shape[-2:]),
    'bias': found['bias'],
  }


def save_torchvision(
  path: str | os.PathLike,
  variables: types.PyTree,
  metadata: Mapping[str, str] | None = None,
) -> None:
  """Writes variables to a safetensors file; `to_variables` is the inverse.

  Args:
    path: the file to write.
    variables: `{'params', 'batch_stats'}` of a backbone.
    metadata: what the file says of itself.
  """
  leaves = traverse_util.flatten_dict(variables)
  wanted = _wanted(variables, 'torch', Names())
  tensors = {}
  for key, (name, _) in wanted.items():
    axes = layouts.axes_in_file('torch', key[-1], leaves[key].ndim)
    array = np.asarray(jax.device_get(leaves[key])).transpose(axes)
    tensors[name] = np.ascontiguousarray(array)
  content = safetensors.numpy.save(tensors, metadata)
  pathlib.Path(path).write_bytes(content)


def _match(tensors, template, backbone):
  names = names_of(backbone, tensors)
  tensors = layouts.plain(tensors)
  style = layouts.style_of(tensors)
  return tensors, style, _wanted(template, style, names)


def _wanted(template, style: str, names: Names) -> dict:
  """Name and shape in the file of every leaf, by its path."""
  leaves = traverse_util.flatten_dict(template)
  norms = {path[1:-1] for path in leaves if path[-1] == 'scale'}
  wanted = {}
  for path, leaf in leaves.items():
    module, norm = '.'.join(path[1:-1]), path[1:-1] in norms
    name = names.of(layouts.array_name(style, path[0], module, path[-1], norm))
    axes = layouts.axes_in_file(style, path[-1], len(leaf.shape))
    wanted[path] = name, tuple(leaf.shape[axis] for axis in axes)
  return wanted
