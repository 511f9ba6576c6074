"""SVHN: Netzer et al., "Reading Digits in Natural Images with Unsupervised
Feature Learning", NIPS workshop 2011 (http://ufldl.stanford.edu/housenumbers).

Format 2, the cropped digits.
"""

import pathlib

import numpy as np

from da_jax.data import mat
from da_jax.data.obtain.download import Remote
from da_jax.data.obtain.locate import locate
from da_jax.data.pair import Examples
from da_jax.data.published import label_counts
from da_jax.data.published.record import File
from da_jax.errors import UserError

URL = 'http://ufldl.stanford.edu/housenumbers/'
CITATION = """@inproceedings{netzer2011reading,
  title={Reading Digits in Natural Images with Unsupervised Feature Learning},
  author={Netzer, Yuval and Wang, Tao and Coates, Adam and Bissacco, Alessandro
          and Wu, Bo and Ng, Andrew Y.},
  booktitle={NIPS Workshop on Deep Learning and Unsupervised Feature Learning},
  year={2011}
}"""
COUNTS = {
  'train': (4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659),
  'test': (1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595),
}
_MD5 = {
  'train': 'e26dedcc434d2e4c54c9b2d4a06d8373',
  'test': 'eb5a983be6a315427106f1b164d9cef3',
}
_NAMES = {split: f'{split}_32x32.mat' for split in COUNTS}
FILES = tuple(
  File(Remote(name, (URL + name,), f'md5:{_MD5[split]}'), None, ('svhn',))
  for split, name in _NAMES.items()
)
_SIZE = 32


def find(data_dir: pathlib.Path) -> list[pathlib.Path]:
  """Finds the files to train and to test.

  Args:
    data_dir: folder to look in: in `svhn/`, itself.

  Raises:
    NotFoundError: the files are missing.
  """
  folder = locate(
    'SVHN',
    (data_dir / 'svhn', data_dir),
    lambda folder: all((folder / name).is_file() for name in _NAMES.values()),
    ' and '.join(_NAMES.values()),
    URL,
  )
  return [folder / name for name in _NAMES.values()]


def read(data_dir: pathlib.Path) -> tuple[Examples, Examples]:
  """Reads SVHN.

  Args:
    data_dir: see `find`.

  Returns:
    Train and test set, x uint8 [n, 32, 32, 3]; the file's label 10 is 0.

  Raises:
    UserError: the files are missing or damaged, or the labels shifted.
  """
  return tuple(map(_split, find(data_dir), COUNTS.values()))


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
