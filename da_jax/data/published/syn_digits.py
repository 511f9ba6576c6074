"""Synthetic Digits: Ganin and Lempitsky, "Unsupervised Domain Adaptation by
Backpropagation", ICML 2015 (https://arxiv.org/abs/1409.7495): digits of
computer fonts in the form of SVHN."""

import pathlib

from da_jax.data.obtain.download import Remote
from da_jax.data.obtain.locate import locate
from da_jax.data.pair import Examples
from da_jax.data.published.record import File
from da_jax.data.published.svhn import read_crops

URL = 'https://storage.googleapis.com/kihyuks-0001/SynDigits/'
CITATION = """@inproceedings{ganin2015unsupervised,
  title={Unsupervised Domain Adaptation by Backpropagation},
  author={Ganin, Yaroslav and Lempitsky, Victor},
  booktitle={International Conference on Machine Learning},
  year={2015}
}"""
COUNTS = {'train': 479400, 'test': 9553}
_NAMES = tuple(f'synth_{split}_32x32.mat' for split in COUNTS)
_SHA256 = (
  'e0e0924ecd0c0b5a55ed6485aaa7d39937af982397717b89a3d91777aca9433c',
  '6285fe9a1c6f27b379a47263907a37899b59ce86948fd343a5b904435cde5bcc',
)
_BYTES = (895578032, 17851156)
FILES = tuple(
  File(
    Remote(name, (URL + name,), f'sha256:{sha256}', size), None, ('syn_digits',)
  )
  for name, sha256, size in zip(_NAMES, _SHA256, _BYTES, strict=True)
)


def find(data_dir: pathlib.Path) -> list[pathlib.Path]:
  """Finds the files to train and to test.

  Args:
    data_dir: folder to look in: in `syn_digits/`, `SynDigits/`, itself.

  Raises:
    NotFoundError: the files are missing.
  """
  folder = locate(
    'Synthetic Digits',
    (data_dir / 'syn_digits', data_dir / 'SynDigits', data_dir),
    lambda folder: all((folder / name).is_file() for name in _NAMES),
    ' and '.join(_NAMES),
    URL,
  )
  return [folder / name for name in _NAMES]


def read(data_dir: pathlib.Path) -> tuple[Examples, Examples]:
  """Reads Synthetic Digits.

  Args:
    data_dir: see `find`.

  Returns:
    Train and test set, x uint8 [n, 32, 32, 3].

  Raises:
    UserError: the files are missing or damaged.
  """
  return tuple(read_crops(path, range(10)) for path in find(data_dir))
