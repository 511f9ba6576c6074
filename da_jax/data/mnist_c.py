"""MNIST-C: Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer
Vision", ICML workshop 2019 (https://arxiv.org/abs/1906.02337).

Image i of every domain shows the same digit, image i of MNIST: the published
test splits are of digits that none has trained on.
"""

import functools
import pathlib

import numpy as np

from da_jax.data import label_counts, mnist, transforms
from da_jax.data.digits import CLASS_NAMES
from da_jax.data.locate import locate
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError

URL = 'https://zenodo.org/records/3239543'
CORRUPTIONS = (
  'shot_noise',
  'impulse_noise',
  'glass_blur',
  'motion_blur',
  'shear',
  'scale',
  'rotate',
  'brightness',
  'translate',
  'stripe',
  'fog',
  'spatter',
  'dotted_line',
  'zigzag',
  'canny_edges',
)
# `mnist` is another name of `identity`.
_KINDS = ('images', 'labels')
DOMAINS = ('mnist', 'identity', *CORRUPTIONS)


def load(data_dir: pathlib.Path, source: str, target: str) -> Task:
  """Reads two of the domains.

  Args:
    data_dir: folder with `<corruption>/{train,test}_{images,labels}.npy`, or
      with a folder `mnist_c/` of them.
    source: one of `DOMAINS`.
    target: another one.

  Returns:
    Images uint8 [n, 28, 28, 1] of ten classes, with the published test splits.

  Raises:
    UserError: files are missing or damaged, or the domains are both MNIST.
  """
  if {source, target} == {'mnist', 'identity'}:
    raise UserError("mnist_c: 'mnist' and 'identity' are the same images.")
  return Task(
    dataset='mnist_c',
    source=_domain(data_dir, source),
    target=_domain(data_dir, target),
    protocol='published',
    backbone='lenet',
    transform=functools.partial(transforms.small, 0.5, 0.5),
  )


def _domain(data_dir: pathlib.Path, name: str) -> Domain:
  corruption = 'identity' if name == 'mnist' else name
  files = [f'{split}_{kind}.npy' for split in mnist.COUNTS for kind in _KINDS]
  folder = locate(
    f'{corruption} of MNIST-C',
    (data_dir / 'mnist_c' / corruption, data_dir / corruption),
    lambda folder: all((folder / file).is_file() for file in files),
    ', '.join(files),
    URL,
  )
  train, test = (_split(folder, split) for split in mnist.COUNTS)
  both = Examples(*map(np.concatenate, zip(train, test, strict=True)))
  return Domain(name, CLASS_NAMES, both, test_from=len(train.y))


def _split(folder: pathlib.Path, split: str) -> Examples:
  x, y = (_array(folder / f'{split}_{kind}.npy') for kind in _KINDS)
  if x.dtype != np.uint8 or x.shape != (len(y), 28, 28, 1) or y.ndim != 1:
    raise UserError(
      f'{folder}: {split}_images.npy is {x.dtype} {list(x.shape)} and'
      f' {split}_labels.npy {list(y.shape)} instead of uint8 [n, 28, 28, 1] and'
      ' [n].'
    )
  path = folder / f'{split}_labels.npy'
  odd = np.setdiff1d(y, range(10))
  if len(odd):
    raise UserError(f'{path} has the label {odd[0]}; 0 to 9 are expected.')
  label_counts.check(path, y, mnist.COUNTS[split])
  return Examples(x, y.astype(np.int32))


def _array(path: pathlib.Path) -> np.ndarray:
  try:
    return np.load(path, allow_pickle=False)
  except (ValueError, OSError, EOFError) as error:
    raise UserError(f'{path} is damaged ({error}): get it again.') from error
