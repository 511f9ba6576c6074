"""Domain pairs by name: `load('digits')`, `load('office31', ...)`.

A dataset is a module with `load` and a line in `DATASETS`.
"""

from collections.abc import Callable
import os
import pathlib
from typing import Any, NamedTuple

from da_jax.data import digits
from da_jax.data.normalisation import Normalisation
from da_jax.data.own import (
  features,
  folder,
  image_list,
  series,
  text,
)
from da_jax.data.pair import Domain, DomainPair, Examples, Task
from da_jax.data.protocols import Protocol, draw
from da_jax.data.published import (
  amazon_reviews,
  camelyon17,
  digits_five,
  domainnet,
  domainnet126,
  image_clef,
  mnist_c,
  office31,
  office_caltech10,
  office_caltech10_decaf6,
  office_caltech10_surf,
  office_home,
  pacs,
  visda2017,
)
from da_jax.data.transforms import Augmentation
from da_jax.errors import UserError

__all__ = [
  'DATASETS',
  'Augmentation',
  'Dataset',
  'Domain',
  'DomainPair',
  'Examples',
  'Normalisation',
  'Protocol',
  'Task',
  'load',
  'load_task',
]


class Dataset(NamedTuple):
  """How to load two of a dataset's domains."""

  load: Callable[..., Task]  # (data_dir, source, target, **options)
  domains: tuple[str, ...] | None  # None: any
  source: str | None  # by default
  target: str | None
  options: tuple[str, ...] = ()  # keywords of `load`, flags of the same names


_IMAGES = ('image_size', 'broken_files')
_COLUMNS = ('label_column', 'domain_column')
_NUMBERS = ('missing', 'outliers', 'standardise')
DATASETS = {
  'digits': Dataset(digits.load, digits.DOMAINS, 'plain', 'photo'),
  'digits_five': Dataset(
    digits_five.load, digits_five.DOMAINS, 'mnist', 'usps'
  ),
  'office31': Dataset(
    office31.load, office31.DOMAINS, 'amazon', 'webcam', _IMAGES
  ),
  'office_caltech10': Dataset(
    office_caltech10.load,
    office_caltech10.DOMAINS,
    'amazon',
    'webcam',
    _IMAGES,
  ),
  'office_home': Dataset(
    office_home.load, office_home.DOMAINS, 'art', 'clipart', _IMAGES
  ),
  'visda2017': Dataset(
    visda2017.load, visda2017.DOMAINS, 'synthetic', 'real', _IMAGES
  ),
  'domainnet': Dataset(
    domainnet.load, domainnet.DOMAINS, 'clipart', 'real', _IMAGES
  ),
  'domainnet126': Dataset(
    domainnet126.load, domainnet126.DOMAINS, 'real', 'clipart', _IMAGES
  ),
  'image_clef': Dataset(image_clef.load, image_clef.DOMAINS, 'i', 'p', _IMAGES),
  'pacs': Dataset(pacs.load, pacs.DOMAINS, 'photo', 'sketch', _IMAGES),
  'camelyon17': Dataset(
    camelyon17.load, camelyon17.DOMAINS, 'center0', 'center2', _IMAGES
  ),
  'office_caltech10_surf': Dataset(
    office_caltech10_surf.load,
    office_caltech10_surf.DOMAINS,
    'amazon',
    'webcam',
  ),
  'office_caltech10_decaf6': Dataset(
    office_caltech10_decaf6.load,
    office_caltech10_decaf6.DOMAINS,
    'amazon',
    'webcam',
  ),
  'mnist_c': Dataset(mnist_c.load, mnist_c.DOMAINS, 'mnist', 'shot_noise'),
  'amazon_reviews': Dataset(
    amazon_reviews.load, amazon_reviews.DOMAINS, 'books', 'dvd'
  ),
  'folder': Dataset(folder.load, None, None, None, _IMAGES),
  'image_list': Dataset(image_list.load, None, None, None, _IMAGES),
  'features': Dataset(
    features.load, None, None, None, (*_COLUMNS, 'drop_columns', *_NUMBERS)
  ),
  'series': Dataset(series.load, None, None, None, _NUMBERS),
  'text': Dataset(
    text.load,
    None,
    None,
    None,
    ('text_column', *_COLUMNS, 'text_as', 'text_length'),
  ),
}


def load_task(
  dataset: str,
  *,
  data_dir: str | pathlib.Path | None = None,
  source: str | None = None,
  target: str | None = None,
  **options: Any,
) -> Task:
  """Loads two domains, whole.

  Args:
    dataset: key of `DATASETS`.
    data_dir: the dataset's folder or one that holds it, or the file that holds
      both domains; `$DA_JAX_DATA` if None, else `~/da_jax_data`.
    source: name of a domain, the dataset's default if None.
    target: name of another one.
    **options: of the dataset, such as `image_size`; None leaves the default.

  Raises:
    UserError: a name is unknown, the domains are the same, an option is not
      the dataset's, or the data are missing or damaged.
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
  options = {name: v for name, v in options.items() if v is not None}
  for name in options:
    if name not in entry.options:
      raise UserError(
        f'--{name} does not apply to --dataset={dataset}, which has'
        f' {", ".join(entry.options) or "no options"}.'
      )
  return entry.load(data_folder(data_dir), source, target, **options)


def data_folder(data_dir: str | pathlib.Path | None) -> pathlib.Path:
  """`data_dir`, else `$DA_JAX_DATA`, else `~/da_jax_data`."""
  folder = data_dir or os.environ.get('DA_JAX_DATA') or '~/da_jax_data'
  return pathlib.Path(folder).expanduser()


def load(
  dataset: str,
  *,
  protocol: Protocol = Protocol(),
  augmentation: Augmentation = Augmentation(),
  normalisation: Normalisation | None = None,
  **settings: Any,
) -> DomainPair:
  """Loads a source and a target domain, ready for training.

  Args:
    dataset: key of `DATASETS`.
    protocol: which examples train and test.
    augmentation: of the images that train.
    normalisation: of all images, such as `weights.input_of` says; None: the
      data's own.
    **settings: of `load_task`.

  Raises:
    UserError: see `load_task` and `protocols.draw`.
  """
  task = load_task(dataset, **settings)
  return draw(task, protocol, augmentation, normalisation)


def _domain(dataset: str, role: str, name: str | None) -> str:
  domains = DATASETS[dataset].domains
  if name is None:
    raise UserError(
      f'--dataset={dataset} needs a {role}: name a folder, a file'
      ' or, with --domain_column, a value in it.'
    )
  if domains is not None and name not in domains:
    raise UserError(
      f'{dataset} has no domain {name!r} as {role}: choose from'
      f' {", ".join(domains)}.'
    )
  return name
