"""Says what a file of weights is and which backbones it fits.

python -m da_jax.weights.inspect FILE
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from da_jax import commands, models, types, weights
from da_jax.errors import UserError
from da_jax.weights import layouts, published, reading, torchvision

# What backbones are fed that do not take images of 224x224 pixels.
_EXAMPLES = {
  'mlp': (1, 256),
  'lenet': (1, 28, 28, 1),
  'dtn': (1, 32, 32, 3),
  'conv1d': (1, 128, 9),
  'lstm': (1, 128, 9),
  'transformer': (1, 128, 9),
}


class Fit(NamedTuple):
  """How a file compares with a backbone."""

  backbone: str
  arrays: int  # of the backbone
  misfits: list[str]  # of `torchvision.misfits`


def main(words: Sequence[str]) -> None:
  """Prints what a file is, which backbones it fits or why it fits none.

  Args:
    words: its path, or the name of published weights.

  Raises:
    UserError: not one file is named, or it cannot be read.
  """
  if len(words) != 1:
    raise UserError('name one file of weights.')
  path = published.find(words[0])
  tensors = reading.read(path)
  numbers = sum(tensor.size for tensor in tensors.values())
  kinds = sorted({tensor.dtype.name for tensor in tensors.values()})
  style = layouts.style_of(layouts.plain(tensors))
  print(
    f'{path}: {len(tensors)} arrays of {numbers:,} numbers ({", ".join(kinds)})'
    f" under names in {style}'s style"
  )
  nearest, *others = fits(tensors)
  if nearest.misfits:
    print(
      f'fits no backbone; nearest is {nearest.backbone} of {nearest.arrays}'
      f' arrays, from which {len(nearest.misfits)} differ:'
    )
    for problem in nearest.misfits[:3]:
      print(f'  {problem}')
    return
  for fit in [nearest, *(other for other in others if not other.misfits)]:
    print(f'fits --backbone={fit.backbone}')
    head = torchvision.head(tensors, fit.backbone)
    if head is not None:
      print(f'  classification layer of {len(head["bias"])} classes')
    print(f'  {_words(weights.input_of(path, fit.backbone))}')


def fits(tensors: Mapping[str, np.ndarray]) -> list[Fit]:
  """Compares the arrays of a file with all backbones, the nearest first.

  Backbones whose shapes depend on the data are compared as they are for usual
  data, such as images of 28x28 pixels.

  Args:
    tensors: arrays by name.

  Returns:
    A fit for each of `models.BACKBONES`.
  """
  found = []
  for backbone in models.BACKBONES:
    template = _template(backbone)
    misfits = torchvision.misfits(tensors, template, backbone)
    found.append(Fit(backbone, len(jax.tree.leaves(template)), misfits))
  # Not by number alone: of the smallest backbone the fewest arrays can differ.
  distance = lambda fit: len(fit.misfits) / (fit.arrays + len(tensors))
  return sorted(found, key=distance)


def _template(backbone: str) -> types.PyTree:
  module = models.BACKBONES[backbone]()
  shape = _EXAMPLES.get(backbone, (1, 224, 224, 3))
  x = jax.ShapeDtypeStruct(shape, np.float32)
  return jax.eval_shape(lambda x: module.init(jax.random.key(0), x, False), x)


def _words(normalisation) -> str:
  if normalisation is None:
    return "pixels: not known, the data's own"
  mean, std, bgr = normalisation
  order = 'BGR' if bgr else 'RGB'
  return f'pixels: {order}, (x / 255 - {_short(mean)}) / {_short(std)}'


def _short(values) -> str:
  return np.array2string(np.asarray(values), precision=4, separator=', ')


if __name__ == '__main__':
  commands.run(main, (), arguments=True)
