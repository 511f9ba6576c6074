"""Amazon reviews: Blitzer, Dredze, Pereira, "Biographies, Bollywood, Boom-boxes
and Blenders", ACL 2007 (https://aclanthology.org/P07-1056).

The files of Ganin et al., JMLR 2016 (https://jmlr.org/papers/v17/15-239.html):
how often each of 5000 words and pairs of words occurs in a review. The model
sees `log(1 + count)`: source-only gets more of the held-out source reviews of
all four domains right with it than with the counts.
"""

import pathlib

import numpy as np

from da_jax.data import inputs
from da_jax.data.obtain.download import Remote
from da_jax.data.obtain.locate import locate
from da_jax.data.pair import Examples, Task
from da_jax.data.published import arrays
from da_jax.data.published.record import File, Published, Rows
from da_jax.errors import UserError

_SPLITS = ('train', 'test')
_FEATURES = 5000
_FOLDERS = ('amazon_reviews', 'amazon_reviews_svmlight')
_HOMEPAGE = (
  'https://github.com/GRAAL-Research/domain_adversarial_neural_network'
)
_URL = (
  'https://raw.githubusercontent.com/GRAAL-Research/'
  'domain_adversarial_neural_network/master/data/'
)
_SHA256 = {
  'books_train': (
    '317f9a2ec34b81de770b63a84d8c5cc2dc16bd0be6e079d2ff5b5bad5213ea19'
  ),
  'books_test': (
    'fe4605c7dcf0e0a9410fd2a32f247caaf9abb352cc6e4c3e0f400853163ad9c4'
  ),
  'dvd_train': (
    '95f602aa08bf6b55758f7b0b18df3882fe30acb11987ee60b6b4bb3c44cba733'
  ),
  'dvd_test': (
    '4fe1b1a15010f78d8d0c49fe362d35fd4677463a45f1ac02a9f410ae1e638060'
  ),
  'electronics_train': (
    '7d0061f03ff3827e4f8036b051b5e5828fddc0cd115aa5b212cd28d624dc14e4'
  ),
  'electronics_test': (
    '641783bc941839c3a111d3488a1b7e3bd820a61ec14a129e7429b47703aa961d'
  ),
  'kitchen_train': (
    'a70b5ebfe1413e0e16280360905f5c3b64389c435cd20c0165dc9d7f293b31b5'
  ),
  'kitchen_test': (
    'e1502b97a824eb12314be4447394fa736fecb781c0724e6529cd6733ac7ff6d8'
  ),
}
_CITATION = """@inproceedings{blitzer2007biographies,
  title={Biographies, Bollywood, Boom-boxes and Blenders: Domain Adaptation for
         Sentiment Classification},
  author={Blitzer, John and Dredze, Mark and Pereira, Fernando},
  booktitle={Annual Meeting of the Association of Computational Linguistics},
  year={2007}
}"""


def _find(data_dir: pathlib.Path, domain: str) -> list[pathlib.Path]:
  """Finds the files to train and to test."""
  stems = [f'{domain}_{split}.svmlight' for split in _SPLITS]
  folder = locate(
    f'{domain} of Amazon reviews',
    [*(data_dir / folder for folder in _FOLDERS), data_dir],
    lambda folder: all(_stored(folder, stem) for stem in stems),
    f'{" and ".join(stems)}, each as it is or with .gz',
    _HOMEPAGE,
  )
  return [_stored(folder, stem) for stem in stems]


def _stored(folder: pathlib.Path, stem: str) -> pathlib.Path | None:
  paths = (folder / stem, folder / f'{stem}.gz')
  return next((path for path in paths if path.is_file()), None)


def _read(data_dir: pathlib.Path, domain: str) -> dict[str, Examples]:
  paths = _find(data_dir, domain)
  return dict(zip(_SPLITS, map(_split, paths), strict=True))


def _split(path: pathlib.Path) -> Examples:
  from sklearn import datasets

  # Damaged text and damaged gzip raise a dozen types of exception.
  try:
    x, y = datasets.load_svmlight_file(
      str(path), n_features=_FEATURES, zero_based=True
    )
  except Exception as error:
    raise UserError(f'{path} is damaged ({error}): get it again.') from error
  odd = x.data[(x.data < 0) | (x.data > 255) | (x.data % 1 != 0)]
  if len(odd):
    raise UserError(f'{path}: {odd[0]:g} is not a number of words, 0 to 255.')
  odd = np.setdiff1d(y, (-1, 1))
  if len(odd):
    raise UserError(f'{path} has the label {odd[0]:g}; -1 and 1 are expected.')
  return Examples(x.astype(np.uint8).toarray(), (y > 0).astype(np.int32))


PUBLISHED = Published(
  name='amazon_reviews',
  counts={
    'books': {'train': 2000, 'test': 4465},
    'dvd': {'train': 2000, 'test': 3586},
    'electronics': {'train': 2000, 'test': 5681},
    'kitchen': {'train': 2000, 'test': 5945},
  },
  class_names=('negative', 'positive'),
  folders=_FOLDERS,
  layout='<domain>_{train,test}.svmlight, each as it is or with .gz',
  homepage=_HOMEPAGE,
  citation=_CITATION,
  records=arrays.array_records(_find, _read),
  files=tuple(
    File(
      Remote(
        f'{stem}.svmlight', (f'{_URL}{stem}.svmlight',), f'sha256:{sha256}'
      ),
      folder=None,
      domains=(stem.partition('_')[0],),
    )
    for stem, sha256 in _SHA256.items()
  ),
  rows=Rows((_FEATURES,), np.uint8),
)
DOMAINS = tuple(PUBLISHED.counts)


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
  taken = inputs.rows(_FEATURES, transform='logarithms')
  return Task(
    dataset='amazon_reviews',
    source=arrays.domain(PUBLISHED, _read, data_dir, source),
    target=arrays.domain(PUBLISHED, _read, data_dir, target),
    protocol='published',
    backbone='mlp',
    transform=inputs.transform(taken),
    inputs=taken,
  )
