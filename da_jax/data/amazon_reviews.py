"""Amazon reviews: Blitzer, Dredze, Pereira, "Biographies, Bollywood, Boom-boxes
and Blenders", ACL 2007 (https://aclanthology.org/P07-1056).

The files of Ganin et al., JMLR 2016 (https://jmlr.org/papers/v17/15-239.html):
how often each of 5000 words and pairs of words occurs in a review.
"""

import pathlib

from absl import logging
import numpy as np

from da_jax.data import transforms
from da_jax.data.locate import locate
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError

URL = 'https://github.com/GRAAL-Research/domain_adversarial_neural_network'
CLASS_NAMES = ('negative', 'positive')
# Domain -> published reviews to train and to test.
COUNTS = {
  'books': (2000, 4465),
  'dvd': (2000, 3586),
  'electronics': (2000, 5681),
  'kitchen': (2000, 5945),
}
DOMAINS = tuple(COUNTS)
_FOLDERS = ('amazon_reviews', 'amazon_reviews_svmlight')
_FEATURES = 5000


def load(data_dir: pathlib.Path, source: str, target: str) -> Task:
  """Reads two of the domains.

  Args:
    data_dir: folder with `<domain>_{train,test}.svmlight`, as they are or with
      .gz, or with a folder `amazon_reviews/` of them.
    source: one of `DOMAINS`.
    target: another one.

  Returns:
    Counts uint8 [n, 5000] of two classes, with the published test splits.

  Raises:
    UserError: files are missing or damaged.
  """
  return Task(
    dataset='amazon_reviews',
    source=_domain(data_dir, source),
    target=_domain(data_dir, target),
    protocol='published',
    backbone='mlp',
    transform=lambda augmentation: transforms.rows(),
  )


def _domain(data_dir: pathlib.Path, name: str) -> Domain:
  stems = [f'{name}_{split}.svmlight' for split in ('train', 'test')]
  folder = locate(
    f'{name} of Amazon reviews',
    [*(data_dir / folder for folder in _FOLDERS), data_dir],
    lambda folder: all(_find(folder, stem) for stem in stems),
    f'{" and ".join(stems)}, each as it is or with .gz',
    URL,
  )
  splits = [_split(_find(folder, stem)) for stem in stems]
  for stem, split, count in zip(stems, splits, COUNTS[name], strict=True):
    if len(split.y) != count:
      logging.warning(
        '%s: %d reviews, %d are published', folder / stem, len(split.y), count
      )
  both = Examples(*map(np.concatenate, zip(*splits, strict=True)))
  return Domain(name, CLASS_NAMES, both, test_from=len(splits[0].y))


def _find(folder: pathlib.Path, stem: str) -> pathlib.Path | None:
  paths = (folder / stem, folder / f'{stem}.gz')
  return next((path for path in paths if path.is_file()), None)


def _split(path: pathlib.Path) -> Examples:
  from sklearn import datasets

  # Damaged text, damaged gzip: each raises other types of exception.
  try:
    x, y = datasets.load_svmlight_file(
      str(path), n_features=_FEATURES, zero_based=True
    )
  except Exception as error:
    raise UserError(f'{path} is damaged ({error}): get it again.') from error
  counts = x.data.astype(np.uint8)
  if (counts != x.data).any():
    odd = x.data[counts != x.data][0]
    raise UserError(f'{path}: {odd:g} is not a number of words, 0 to 255.')
  odd = np.setdiff1d(y, (-1, 1))
  if len(odd):
    raise UserError(f'{path} has the label {odd[0]:g}; -1 and 1 are expected.')
  x = x.astype(np.uint8).toarray()
  return Examples(x, (y > 0).astype(np.int32))
