"""SVHN: Netzer et al., "Reading Digits in Natural Images with Unsupervised
Feature Learning", NIPS workshop 2011 (http://ufldl.stanford.edu/housenumbers).

Format 2, the cropped digits.
"""

import pathlib

import numpy as np

from da_jax.data import label_counts, mat
from da_jax.data.locate import locate
from da_jax.data.pair import Examples
from da_jax.errors import UserError

URL = 'http://ufldl.stanford.edu/housenumbers/'
COUNTS = {
  'train': (4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659),
  'test': (1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595),
}
_SIZE = 32


def read(data_dir: pathlib.Path) -> tuple[Examples, Examples]:
  """Reads SVHN from `svhn/` or `data_dir` itself.

  Args:
    data_dir: folder to look in.

  Returns:
    Train and test set, x uint8 [n, 32, 32, 3]; the file's label 10 is 0.

  Raises:
    UserError: the files are missing or damaged, or the labels shifted.
  """
  names = {split: f'{split}_32x32.mat' for split in COUNTS}
  folder = locate(
    'SVHN',
    (data_dir / 'svhn', data_dir),
    lambda folder: all((folder / name).is_file() for name in names.values()),
    ' and '.join(names.values()),
    URL,
  )
  return tuple(_split(folder / names[split], COUNTS[split]) for split in names)


def _split(path: pathlib.Path, counts: tuple[int, ...]) -> Examples:
  x, y = read_crops(path, range(1, 11))
  label_counts.check(path, y % 10, counts)
  return Examples(x, y % 10)


def read_crops(path: pathlib.Path, labels: range) -> Examples:
  """Reads digits in SVHN's form: X [32, 32, 3, n] and y [n, 1].

  Args:
    path: of the .mat file.
    labels: that y may have.

  Returns:
    x uint8 [n, 32, 32, 3] and the labels as they are.

  Raises:
    UserError: the file is damaged, or not of this form.
  """
  x, y = mat.read(path, ('X',), ('y',))
  square = x.ndim == 4 and x.shape[:3] == (_SIZE, _SIZE, 3)
  if not square or x.dtype != np.uint8 or y.size != x.shape[3]:
    raise UserError(
      f'{path}: X is {x.dtype} {list(x.shape)} and y {list(y.shape)} instead of'
      f' uint8 [{_SIZE}, {_SIZE}, 3, n] and [n, 1].'
    )
  odd = np.setdiff1d(y, labels)
  if len(odd):
    raise UserError(
      f'{path}: y has the label {odd[0]:g}; {labels[0]} to {labels[-1]} are'
      ' expected.'
    )
  return Examples(np.moveaxis(x, -1, 0), y.ravel().astype(np.int32))
