"""Features of the images of Office-Caltech10: a .mat file a domain."""

import functools
import pathlib
from typing import NamedTuple

import numpy as np

from da_jax.data import inputs, mat
from da_jax.data.obtain.locate import locate
from da_jax.data.pair import Examples, Task
from da_jax.data.published import arrays, office_caltech10, zscore
from da_jax.data.published.record import File, Published, Rows
from da_jax.errors import UserError

DOMAINS = office_caltech10.DOMAINS
# What file names begin with, where it is not the domain's name alone.
_STEMS = {'caltech10': ('Caltech10', 'caltech10', 'caltech')}


class Features(NamedTuple):
  """One kind of features.

  Attributes:
    name: of the dataset, and of its folder.
    width: of the rows.
    ending: of the file names: `<domain>_<ending>.mat`.
    homepage: where to get them.
    citation: BibTeX.
    files: what can be downloaded.
  """

  name: str
  width: int
  ending: str
  homepage: str
  citation: str
  files: tuple[File, ...] = ()


def published(features: Features) -> Published:
  """What is known of them beforehand."""
  return Published(
    name=features.name,
    counts=office_caltech10.PUBLISHED.counts,
    class_names=office_caltech10.CLASS_NAMES,
    folders=(features.name,),
    layout=f'<domain>_{features.ending}.mat',
    homepage=features.homepage,
    citation=features.citation,
    records=arrays.array_records(
      lambda data_dir, domain: [_find(features, data_dir, domain)],
      functools.partial(_read, features),
    ),
    files=features.files,
    rows=Rows((features.width,)),
  )


def load(
  features: Features, data_dir: pathlib.Path, source: str, target: str
) -> Task:
  """Reads two of the domains; the target's rows all train and test.

  Args:
    features: which.
    data_dir: folder of the files, or one with a folder of the dataset's name.
    source: one of `DOMAINS`.
    target: another one.

  Returns:
    Rows float32 [n, width] of ten classes, which `zscore.fit` prepares.

  Raises:
    UserError: a file is missing or damaged.
  """
  read = functools.partial(_read, features)
  domain = functools.partial(arrays.domain, published(features), read, data_dir)
  taken = inputs.rows(features.width, fit='zscore')
  return Task(
    dataset=features.name,
    source=domain(source),
    target=domain(target),
    protocol='transductive',
    backbone='mlp',
    transform=inputs.transform(taken),
    fit=zscore.fit,
    inputs=taken,
  )


def _find(
  features: Features, data_dir: pathlib.Path, domain: str
) -> pathlib.Path:
  stems = _STEMS.get(domain, (domain,))
  names = [f'{stem}_{features.ending}.mat' for stem in stems]

  def held(folder: pathlib.Path) -> list[pathlib.Path]:
    return [path for name in names if (path := folder / name).is_file()]

  folder = locate(
    f'{domain} of {features.name}',
    (data_dir / features.name, data_dir),
    held,
    names[0],
    features.homepage,
  )
  return held(folder)[0]


def _read(
  features: Features, data_dir: pathlib.Path, domain: str
) -> dict[str, Examples]:
  path = _find(features, data_dir, domain)
  x, y = mat.read(path, ('fts', 'feas'), ('labels', 'label'))
  if x.shape != (y.size, features.width):
    raise UserError(
      f'{path}: the features are {list(x.shape)} and the labels'
      f' {list(y.shape)} instead of [n, {features.width}] and [n, 1].'
    )
  classes = len(office_caltech10.CLASS_NAMES)
  odd = np.setdiff1d(y, range(1, classes + 1))
  if len(odd):
    raise UserError(
      f'{path} has the label {odd[0]:g}; 1 to {classes} are expected.'
    )
  rows = np.flatnonzero(~np.isfinite(x).all(1))
  if len(rows):
    raise UserError(f'{path}: row {rows[0] + 1} has a value that is no number.')
  y = y.ravel().astype(np.int32) - 1
  return {'all': Examples(x.astype(np.float32), y)}
