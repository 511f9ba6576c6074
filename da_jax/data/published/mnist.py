"""MNIST (LeCun et al., 1998): the four idx files, gzipped or not."""

import gzip
import math
import pathlib
import zlib

import numpy as np

from da_jax.data.obtain.download import Remote
from da_jax.data.obtain.locate import locate
from da_jax.data.pair import Examples
from da_jax.data.published import label_counts
from da_jax.data.published.record import File
from da_jax.errors import UserError

URL = 'https://storage.googleapis.com/cvdf-datasets/mnist/'
CITATION = """@article{lecun1998gradient,
  title={Gradient-Based Learning Applied to Document Recognition},
  author={LeCun, Yann and Bottou, L{\\'e}on and Bengio, Yoshua and
          Haffner, Patrick},
  journal={Proceedings of the IEEE},
  volume={86},
  number={11},
  pages={2278--2324},
  year={1998}
}"""
COUNTS = {
  'train': (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
  'test': (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
}
_STEMS = tuple(
  f'{split}-{kind}-ubyte'
  for split in ('train', 't10k')
  for kind in ('images-idx3', 'labels-idx1')
)

_MIRRORS = (URL, 'https://ossci-datasets.s3.amazonaws.com/mnist/')
_MD5 = (
  'f68b3c2dcbeaaa9fbdd348bbdeb94873',
  'd53e105ee54ea40749a09fcbcd1e9432',
  '9fb629c4189551a2d022fa330f9573f3',
  'ec29112dd5afa0611ce80d1b7f02629c',
)
FILES = tuple(
  File(
    Remote(
      f'{stem}.gz',
      tuple(f'{mirror}{stem}.gz' for mirror in _MIRRORS),
      f'md5:{md5}',
    ),
    folder=None,
    domains=('mnist',),
  )
  for stem, md5 in zip(_STEMS, _MD5, strict=True)
)


def find(data_dir: pathlib.Path) -> list[pathlib.Path]:
  """Finds the files: images and labels to train, images and labels to test.

  Args:
    data_dir: folder to look in: in `mnist/`, `MNIST/raw/`, itself.

  Raises:
    NotFoundError: the files are missing.
  """
  folder = locate(
    'MNIST',
    (data_dir / 'mnist', data_dir / 'MNIST' / 'raw', data_dir),
    lambda folder: all(_stored(folder, stem) for stem in _STEMS),
    f'{", ".join(_STEMS)}, each as it is or with .gz',
    URL,
  )
  return [_stored(folder, stem) for stem in _STEMS]


def read(data_dir: pathlib.Path) -> tuple[Examples, Examples]:
  """Reads MNIST.

  Args:
    data_dir: see `find`.

  Returns:
    Train and test set, x uint8 [n, 28, 28, 1].

  Raises:
    UserError: the files are missing or damaged, or the labels shifted.
  """
  paths = find(data_dir)
  train, test = _split(*paths[:2]), _split(*paths[2:])
  label_counts.check(paths[1], train.y, COUNTS['train'])
  label_counts.check(paths[3], test.y, COUNTS['test'])
  return train, test


def _split(images: pathlib.Path, labels: pathlib.Path) -> Examples:
  x, y = _idx(images), _idx(labels)
  if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
    raise UserError(
      f'{images} of shape {x.shape} does not belong to {labels} of shape'
      f' {y.shape}.'
    )
  return Examples(x[..., None], y.astype(np.int32))


def _stored(folder: pathlib.Path, stem: str) -> pathlib.Path | None:
  paths = (folder / stem, folder / f'{stem}.gz')
  return next((path for path in paths if path.is_file()), None)


def _idx(path: pathlib.Path) -> np.ndarray:
  """Reads the format of bytes: 0, 0, 8, rank, big-endian sizes, the data."""
  try:
    with gzip.open(path) if path.suffix == '.gz' else path.open('rb') as file:
      data = file.read()
  except (OSError, EOFError, zlib.error) as error:
    raise UserError(f'{path} is damaged ({error}): get it again.') from error
  rank = data[3] if data[:3] == b'\0\0\x08' and len(data) > 3 else 0
  start = 4 + 4 * rank
  sizes = [int.from_bytes(data[i : i + 4]) for i in range(4, start, 4)]
  if not rank or len(data) != start + math.prod(sizes):
    raise UserError(f'{path} is not a complete idx file of bytes.')
  return np.frombuffer(data, np.uint8, offset=start).reshape(sizes)
