"""USPS (Hull, 1994): 16x16 handwritten digits in any of three layouts."""

import bz2
import pathlib

import numpy as np

from da_jax.data.obtain.download import Remote
from da_jax.data.obtain.locate import locate
from da_jax.data.pair import Examples
from da_jax.data.published import label_counts
from da_jax.data.published.record import File
from da_jax.errors import UserError

URL = 'https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/'
COUNTS = {
  'train': (1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644),
  'test': (359, 264, 198, 166, 200, 160, 170, 147, 166, 177),
}
_NPZ, _H5, _LIBSVM = 'usps_16x16.npz', 'usps.h5', ('usps.bz2', 'usps.t.bz2')
_LAYOUTS = ((_NPZ,), (_H5,), _LIBSVM)
CITATION = """@article{hull1994database,
  title={A Database for Handwritten Text Recognition Research},
  author={Hull, Jonathan J.},
  journal={IEEE Transactions on Pattern Analysis and Machine Intelligence},
  volume={16},
  number={5},
  pages={550--554},
  year={1994}
}"""
_MD5 = ('ec16c51db3855ca6c91edd34d0e9b197', '8ea070ee2aca1ac39742fdd1ef5ed118')
FILES = tuple(
  File(
    Remote(name, (URL + name,), f'md5:{md5}'), folder=None, domains=('usps',)
  )
  for name, md5 in zip(_LIBSVM, _MD5, strict=True)
)


def find(data_dir: pathlib.Path) -> list[pathlib.Path]:
  """Finds the files of one of the layouts.

  Args:
    data_dir: folder to look in: in `usps/`, itself.

  Raises:
    NotFoundError: the files are missing.
  """
  folder = locate(
    'USPS',
    (data_dir / 'usps', data_dir),
    lambda folder: _layout(folder) is not None,
    f'{" and ".join(_LIBSVM)} (libsvm), or {_H5} (groups train and test of'
    f' data and target), or {_NPZ} (x_train, y_train, x_test, y_test)',
    URL,
  )
  return [folder / name for name in _layout(folder)]


def read(data_dir: pathlib.Path) -> tuple[Examples, Examples]:
  """Reads USPS.

  Args:
    data_dir: see `find`.

  Returns:
    Train and test set, x uint8 [n, 16, 16, 1].

  Raises:
    UserError: the files are missing or damaged, or the labels shifted.
  """
  paths = find(data_dir)
  layout = tuple(path.name for path in paths)
  reader = {(_NPZ,): _npz, (_H5,): _h5, _LIBSVM: _libsvm}[layout]
  where = ' or '.join(map(str, paths))
  try:
    splits = tuple(_examples(*split) for split in reader(*paths))
  # Three formats, each with its own exceptions for damaged files.
  except Exception as error:
    raise UserError(f'{where} is damaged ({error}): get it again.') from error
  for examples, split in zip(splits, COUNTS, strict=True):
    label_counts.check(f'{where}, {split} set', examples.y, COUNTS[split])
  return splits


def _layout(folder: pathlib.Path) -> tuple[str, ...] | None:
  has = lambda names: all((folder / name).is_file() for name in names)
  return next((names for names in _LAYOUTS if has(names)), None)


def _examples(x: np.ndarray, y: np.ndarray) -> Examples:
  x = np.round(255.0 * np.asarray(x, np.float64))
  if x.min() < 0 or x.max() > 255 or y.min() < 0 or y.max() > 9:
    raise ValueError('pixels or labels out of range')
  x = x.astype(np.uint8).reshape(len(y), 16, 16, 1)
  return Examples(x, np.asarray(y, np.int32))


def _npz(path: pathlib.Path):
  with np.load(path, allow_pickle=False) as arrays:
    return [
      (arrays[f'x_{split}'], arrays[f'y_{split}'])
      for split in ('train', 'test')
    ]


def _h5(path: pathlib.Path):
  import h5py

  with h5py.File(path) as file:
    return [
      (file[split]['data'][()], file[split]['target'][()])
      for split in ('train', 'test')
    ]


def _libsvm(*paths: pathlib.Path):
  """Maps pixels from -1..1 to 0..1 and labels from 1..10 to 0..9."""
  from sklearn import datasets

  for path in paths:
    with bz2.open(path) as file:
      x, y = datasets.load_svmlight_file(file, n_features=256, zero_based=False)
    yield (x.toarray() + 1) / 2, y - 1
