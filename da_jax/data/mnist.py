"""MNIST (LeCun et al., 1998): the four idx files, gzipped or not."""

import gzip
import math
import pathlib
import zlib

import numpy as np

from da_jax.data import label_counts
from da_jax.data.locate import locate
from da_jax.data.pair import Examples
from da_jax.errors import UserError

URL = 'https://storage.googleapis.com/cvdf-datasets/mnist/'
COUNTS = {
  'train': (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
  'test': (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
}
_STEMS = tuple(
  f'{split}-{kind}-ubyte'
  for split in ('train', 't10k')
  for kind in ('images-idx3', 'labels-idx1')
)


def read(data_dir: pathlib.Path) -> tuple[Examples, Examples]:
  """Reads MNIST from `mnist/`, `MNIST/raw/` or `data_dir` itself.

  Args:
    data_dir: folder to look in.

  Returns:
    Train and test set, x uint8 [n, 28, 28, 1].

  Raises:
    UserError: the files are missing or damaged, or the labels shifted.
  """
  folder = locate(
    'MNIST',
    (data_dir / 'mnist', data_dir / 'MNIST' / 'raw', data_dir),
    lambda folder: all(_find(folder, stem) for stem in _STEMS),
    f'{", ".join(_STEMS)}, each as it is or with .gz',
    URL,
  )
  splits = _split(folder, *_STEMS[:2]), _split(folder, *_STEMS[2:])
  for examples, stem, split in zip(splits, _STEMS[1::2], COUNTS, strict=True):
    label_counts.check(_find(folder, stem), examples.y, COUNTS[split])
  return splits


def _split(folder: pathlib.Path, images: str, labels: str) -> Examples:
  x, y = (_idx(_find(folder, stem)) for stem in (images, labels))
  if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
    raise UserError(
      f'{folder}: {images} of shape {x.shape} does not belong to {labels} of'
      f' shape {y.shape}.'
    )
  return Examples(x[..., None], y.astype(np.int32))


def _find(folder: pathlib.Path, stem: str) -> pathlib.Path | None:
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
