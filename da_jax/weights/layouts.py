"""Names and axes of arrays in weight files, by the library that wrote them.

'torch' has `conv1.weight` with the outputs first, 'keras' `conv1/kernel` and
'flax' `params.conv1.kernel`, both with linen's axes.
"""

from collections.abc import Iterable, Mapping

import numpy as np

STYLES = ('torch', 'keras', 'flax')
_NORM = {
  'torch': {
    'scale': 'weight',
    'mean': 'running_mean',
    'var': 'running_var',
  },
  'keras': {
    'scale': 'gamma',
    'bias': 'beta',
    'mean': 'moving_mean',
    'var': 'moving_variance',
  },
}
# Axes of a linen kernel in torch's order, by rank, and back.
_TO_TORCH = {2: (1, 0), 3: (2, 1, 0), 4: (3, 2, 0, 1)}
_TO_LINEN = {2: (1, 0), 3: (2, 1, 0), 4: (2, 3, 1, 0)}


def style_of(names: Iterable[str]) -> str:
  """Which of `STYLES` the names of a file's arrays have."""
  names = list(names)
  if any(name.startswith('params.') for name in names):
    return 'flax'
  return 'keras' if any('/' in name for name in names) else 'torch'


def plain(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
  """A file's arrays without what only its library needs.

  Args:
    tensors: arrays by name, maybe with 'module.' of torch's DataParallel in
      front, with counters of batches, with Keras's depthwise kernels.

  Returns:
    The arrays, depthwise kernels as those of a grouped convolution.
  """
  arrays = {}
  for name, array in tensors.items():
    if name.endswith('/depthwise_kernel') and array.ndim == 4:
      name = name.replace('/depthwise_kernel', '/kernel')
      array = array.swapaxes(2, 3)
    if not name.endswith('num_batches_tracked'):
      arrays[name.removeprefix('module.')] = array
  return arrays


def array_name(
  style: str, collection: str, module: str, leaf: str, norm: bool
) -> str:
  """What a file calls an array.

  Args:
    style: one of `STYLES`.
    collection: 'params' or 'batch_stats'.
    module: path of the submodule, as the file has it.
    leaf: linen's name of the array in it.
    norm: whether the submodule has a scale.

  Returns:
    The name in the file.
  """
  if style == 'flax':
    return '.'.join(filter(None, (collection, module, leaf)))
  if norm:
    leaf = _NORM[style].get(leaf, leaf)
  elif style == 'torch' and leaf in ('kernel', 'embedding'):
    leaf = 'weight'
  separator = '/' if style == 'keras' else '.'
  return separator.join(filter(None, (module, leaf)))


def axes_in_file(style: str, leaf: str, rank: int) -> tuple[int, ...]:
  """Axes of a linen array in the order of the file."""
  return _axes(_TO_TORCH, style, leaf, rank)


def axes_in_linen(style: str, leaf: str, rank: int) -> tuple[int, ...]:
  """Axes of a file's array in the order of linen."""
  return _axes(_TO_LINEN, style, leaf, rank)


def _axes(order, style, leaf, rank):
  if style == 'torch' and leaf == 'kernel' and rank in order:
    return order[rank]
  return tuple(range(rank))
