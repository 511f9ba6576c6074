"""Names and layouts of torchvision's state dicts and of linen variables."""

from collections.abc import Mapping
import os

from flax import traverse_util
import jax.numpy as jnp
import numpy as np
import safetensors.numpy

from da_jax import types
from da_jax.errors import UserError

_TORCH_LEAVES = {
  'kernel': 'weight',
  'scale': 'weight',
  'bias': 'bias',
  'mean': 'running_mean',
  'var': 'running_var',
}
# Axes of a torch weight in the order of a linen kernel, by rank, and back.
_TO_LINEN = {1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}
_TO_TORCH = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}


def to_variables(
  tensors: Mapping[str, np.ndarray], template: types.PyTree
) -> types.PyTree:
  """Arranges a state dict as the variables of a linen backbone.

  Args:
    tensors: arrays by torch name, with or without 'module.' in front; the
      classification layer `fc` and `num_batches_tracked` are ignored.
    template: `{'params', 'batch_stats'}` of arrays or ShapeDtypeStructs.

  Returns:
    Arrays in the structure, shapes and dtypes of the template.

  Raises:
    UserError: a name is missing, unexpected or of another shape.
  """
  tensors = {
    name: tensor
    for name, tensor in _without_prefix(tensors).items()
    if not name.startswith('fc.') and not name.endswith('num_batches_tracked')
  }
  leaves = traverse_util.flatten_dict(template)
  _check(tensors, {_torch_name(p): _torch_shape(leaves[p]) for p in leaves})
  return traverse_util.unflatten_dict(
    {
      path: jnp.array(
        tensors[_torch_name(path)].transpose(_TO_LINEN[leaf.ndim]),
        leaf.dtype,
      )
      for path, leaf in leaves.items()
    }
  )


def save_torchvision(path: str | os.PathLike, variables: types.PyTree) -> None:
  """Writes variables to a safetensors file; `to_variables` is the inverse.

  Args:
    path: the file to write.
    variables: `{'params', 'batch_stats'}` of a backbone.
  """
  tensors = {
    _torch_name(p): np.ascontiguousarray(leaf.transpose(_TO_TORCH[leaf.ndim]))
    for p, leaf in traverse_util.flatten_dict(variables).items()
  }
  safetensors.numpy.save_file(tensors, path)


def _torch_name(path: tuple[str, ...]) -> str:
  return '.'.join((*path[1:-1], _TORCH_LEAVES[path[-1]]))


def _torch_shape(leaf) -> tuple[int, ...]:
  return tuple(leaf.shape[axis] for axis in _TO_TORCH[leaf.ndim])


def _without_prefix(tensors):
  return {name.removeprefix('module.'): t for name, t in tensors.items()}


def _check(tensors, shapes) -> None:
  problems = [
    f'{name} {shape} is missing'
    for name, shape in shapes.items()
    if name not in tensors
  ]
  for name, tensor in tensors.items():
    if name not in shapes:
      problems.append(f'{name} {tensor.shape} is unexpected')
    elif tensor.shape != shapes[name]:
      problems.append(f'{name} is {tensor.shape} instead of {shapes[name]}')
  if problems:
    shown = '; '.join(problems[:3])
    more = f'; and {len(problems) - 3} more' if len(problems) > 3 else ''
    raise UserError(f'the weights do not fit the backbone: {shown}{more}.')
