"""MNIST-M (Ganin et al., JMLR 2016): MNIST blended over photographs.

Three layouts: the published folders of PNG files with a text file of labels;
lossless WebP mosaics of 64 images a row with the labels in `.npz` files; or
the photographs to make it from, see `mnist_m_blend`.
"""

from concurrent import futures
import os
import pathlib
import re

import numpy as np

from da_jax.data.files import images
from da_jax.data.obtain.download import Remote
from da_jax.data.obtain.locate import locate
from da_jax.data.pair import Examples
from da_jax.data.published import mnist, mnist_m_blend
from da_jax.data.published.record import File
from da_jax.errors import UserError

URL = 'https://cornell.box.com/shared/static/jado7quprg6hzzdubvwzh9umr75damwi'
CITATION = """@article{ganin2016domain,
  title={Domain-Adversarial Training of Neural Networks},
  author={Ganin, Yaroslav and Ustinova, Evgeniya and Ajakan, Hana and
          Germain, Pascal and Larochelle, Hugo and Laviolette, Fran{\\c{c}}ois
          and Marchand, Mario and Lempitsky, Victor},
  journal={Journal of Machine Learning Research},
  volume={17},
  number={59},
  pages={1--35},
  year={2016}
}"""
FILES = (
  File(
    Remote('mnist_m.tar.gz', (URL,), 'md5:859df31c91afe82e80e5012ba928f279'),
    folder='mnist_m',
    domains=('mnist_m',),
  ),
)
_SIZE = 32
_COLUMNS = 64
_SPLITS = ('train', 'test')


def find(data_dir: pathlib.Path) -> list[pathlib.Path]:
  """Finds the published files, or else photographs and the files of MNIST.

  Args:
    data_dir: folder to look in: in `mnist_m/`, itself.

  Raises:
    NotFoundError: there are neither.
  """
  folder = _locate(data_dir)
  if _has_files(folder):
    patterns = ('mnist_m_*_labels.txt', 'mnist_m_*/*.png')
  elif _has_mosaics(folder):
    patterns = ('*_labels.npz', '*_??.webp')
  else:
    return [*mnist_m_blend.photographs(folder), *mnist.find(data_dir)]
  return [path for p in patterns for path in sorted(folder.glob(p))]


def read(data_dir: pathlib.Path) -> tuple[Examples, Examples]:
  """Reads MNIST-M, or makes it if there are only photographs.

  Args:
    data_dir: see `find`.

  Returns:
    Train and test set, x uint8 [n, 32, 32, 3].

  Raises:
    UserError: files are missing or damaged.
  """
  folder = _locate(data_dir)
  if not _is_published(folder):
    return mnist_m_blend.read(data_dir, mnist_m_blend.photographs(folder))
  read_split = _files if _has_files(folder) else _mosaics
  return tuple(read_split(folder, split) for split in _SPLITS)


def _locate(data_dir: pathlib.Path) -> pathlib.Path:
  folders = (data_dir / 'mnist_m', data_dir)
  published = any(map(_is_published, folders))
  return locate(
    'MNIST-M',
    folders,
    _is_published if published else mnist_m_blend.photographs,
    'mnist_m_train/*.png with mnist_m_train_labels.txt and mnist_m_test/*.png'
    ' with mnist_m_test_labels.txt, or train_*.webp with train_labels.npz and'
    ' test_*.webp with test_labels.npz, or to make it from MNIST:'
    f' {mnist_m_blend.LAYOUT}',
    URL,
  )


def _is_published(folder: pathlib.Path) -> bool:
  return _has_files(folder) or _has_mosaics(folder)


def _has_files(folder: pathlib.Path) -> bool:
  return all(
    (folder / f'mnist_m_{split}').is_dir()
    and (folder / f'mnist_m_{split}_labels.txt').is_file()
    for split in _SPLITS
  )


def _has_mosaics(folder: pathlib.Path) -> bool:
  return all(
    (folder / f'{split}_00.webp').is_file()
    and (folder / f'{split}_labels.npz').is_file()
    for split in _SPLITS
  )


def _files(folder: pathlib.Path, split: str) -> Examples:
  labels = folder / f'mnist_m_{split}_labels.txt'
  lines = sorted(filter(None, labels.read_text().splitlines()))
  for line in lines:
    if not re.fullmatch(r'\S+\s+\d\s*', line):
      raise UserError(f'{labels}: the line {line!r} is not "name label".')
  pairs = [line.split() for line in lines]
  paths = [folder / f'mnist_m_{split}' / name for name, _ in pairs]
  files = images.ImageFiles(
    images.Paths(tuple(paths)), np.arange(len(paths)), _SIZE
  )
  y = np.array([int(label) for _, label in pairs], np.int32)
  return Examples(images.in_memory(files), y)


def _mosaics(folder: pathlib.Path, split: str) -> Examples:
  paths = sorted(folder.glob(f'{split}_*.webp'))
  for number, path in enumerate(paths):
    # A gap would shift every label behind it.
    if int(re.findall(r'\d+', path.stem)[-1]) != number:
      missing = folder / f'{split}_{number:02d}.webp'
      raise UserError(f'{missing} is missing, but {path.name} is there.')
  with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    x = np.concatenate(list(pool.map(_mosaic, paths)))
  with np.load(folder / f'{split}_labels.npz', allow_pickle=False) as arrays:
    y = arrays['labels'].astype(np.int32)
  # Mosaics may be missing, the last be filled up with black images.
  count = min(len(x), len(y))
  return Examples(x[:count], y[:count])


def _mosaic(path: pathlib.Path) -> np.ndarray:
  pixels = images.decode(path, str(path), size=None)
  shape = (-1, _SIZE, _COLUMNS, _SIZE, 3)
  return pixels.reshape(shape).swapaxes(1, 2).reshape(-1, _SIZE, _SIZE, 3)
