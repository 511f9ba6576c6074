"""Domain pairs by name: `load('digits')`, `load('office31', ...)`.

A dataset is a module with `load` and a line in `DATASETS`.
"""

from collections.abc import Callable
import os
import pathlib
from typing import NamedTuple

from da_jax.data import (
  digits,
  digits_five,
  folder,
  office31,
  office_caltech10,
)
from da_jax.data.pair import DomainPair, Examples
from da_jax.errors import UserError

__all__ = ['DATASETS', 'Dataset', 'DomainPair', 'Examples', 'load']


class Dataset(NamedTuple):
  """How to load a pair of a dataset's domains."""

  load: Callable[..., DomainPair]  # (data_dir, source, target, image_size)
  domains: tuple[str, ...] | None  # None: any
  source: str | None  # by default
  target: str | None
  image_size: int | None  # by default; None: it cannot be chosen


DATASETS = {
  'digits': Dataset(digits.load, digits.DOMAINS, 'plain', 'photo', None),
  'digits_five': Dataset(
    digits_five.load, digits_five.DOMAINS, 'mnist', 'usps', None
  ),
  'office31': Dataset(office31.load, office31.DOMAINS, 'amazon', 'webcam', 224),
  'office_caltech10': Dataset(
    office_caltech10.load, office_caltech10.DOMAINS, 'amazon', 'webcam', 224
  ),
  'folder': Dataset(folder.load, None, None, None, 224),
}


def load(
  dataset: str,
  *,
  data_dir: str | pathlib.Path | None = None,
  source: str | None = None,
  target: str | None = None,
  image_size: int | None = None,
) -> DomainPair:
  """Loads a source and a target domain.

  Args:
    dataset: key of `DATASETS`.
    data_dir: the dataset's folder or one that holds it; `$DA_JAX_DATA` if
      None, else `~/da_jax_data`.
    source: name of a domain, the dataset's default if None.
    target: name of another one.
    image_size: side of the images that the model sees, where there is a choice.

  Raises:
    UserError: a name is unknown, the domains are the same, or the data are
      missing or damaged.
  """
  if dataset not in DATASETS:
    raise UserError(
      f'there is no dataset {dataset!r}: choose from {", ".join(DATASETS)}.'
    )
  entry = DATASETS[dataset]
  source = _domain(dataset, 'source', source or entry.source)
  target = _domain(dataset, 'target', target or entry.target)
  if source == target:
    raise UserError(f'source and target are the same domain, {source!r}.')
  if data_dir is None:
    data_dir = os.environ.get('DA_JAX_DATA') or '~/da_jax_data'
  size = entry.image_size if image_size is None else image_size
  return entry.load(
    pathlib.Path(data_dir).expanduser(), source, target, image_size=size
  )


def _domain(dataset: str, role: str, name: str | None) -> str:
  domains = DATASETS[dataset].domains
  if name is None:
    raise UserError(f'--dataset={dataset} needs a {role}: name a folder.')
  if domains is not None and name not in domains:
    raise UserError(
      f'{dataset} has no domain {name!r} as {role}: choose from'
      f' {", ".join(domains)}.'
    )
  return name
