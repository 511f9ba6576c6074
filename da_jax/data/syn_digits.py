"""Synthetic Digits: Ganin and Lempitsky, "Unsupervised Domain Adaptation by
Backpropagation", ICML 2015 (https://arxiv.org/abs/1409.7495): digits of
computer fonts in the form of SVHN."""

import pathlib

from da_jax.data.locate import locate
from da_jax.data.pair import Examples
from da_jax.data.svhn import read_crops

URL = 'https://storage.googleapis.com/kihyuks-0001/SynDigits/'
_FILES = ('synth_train_32x32.mat', 'synth_test_32x32.mat')


def read(data_dir: pathlib.Path) -> tuple[Examples, Examples]:
  """Reads Synthetic Digits from `syn_digits/`, `SynDigits/` or `data_dir`.

  Args:
    data_dir: folder to look in.

  Returns:
    Train and test set, x uint8 [n, 32, 32, 3].

  Raises:
    UserError: the files are missing or damaged.
  """
  folder = locate(
    'Synthetic Digits',
    (data_dir / 'syn_digits', data_dir / 'SynDigits', data_dir),
    lambda folder: all((folder / name).is_file() for name in _FILES),
    ' and '.join(_FILES),
    URL,
  )
  return tuple(read_crops(folder / name, range(10)) for name in _FILES)
