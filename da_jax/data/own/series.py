"""Time series of the user's own: one NumPy file a domain."""

import functools
import pathlib

import numpy as np

from da_jax.data import inputs
from da_jax.data.own import array_file, labels, own_files
from da_jax.data.own import standardise as numbers
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError


def load(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  *,
  missing: str = 'reject',
  outliers: str = 'keep',
  standardise: str = 'source',
) -> Task:
  """Reads two domains.

  Args:
    data_dir: folder of the files.
    source: name of a file in it or a path: `.npz` with `x` [n, time, channels],
      or [n, time] of one channel, and `y` [n].
    target: another one.
    missing: see `standardise.fit`; the numbers are those of a channel.
    outliers: likewise.
    standardise: likewise.

  Returns:
    Series [n, time, channels], float32 in the pair.

  Raises:
    UserError: a file is missing, damaged or not of this shape, the lengths or
      channels differ, or a number is missing that may not be.
  """
  settings = dict(missing=missing, outliers=outliers, standardise=standardise)
  numbers.check(**settings)
  paths = own_files.find_two(data_dir, source, target, ('.npz',))
  domains = [
    _domain(name, path)
    for name, path in zip((source, target), paths, strict=True)
  ]
  shapes = [domain.examples.x.shape[1:] for domain in domains]
  for what, one, other in zip(('steps', 'channels'), *shapes, strict=True):
    if one != other:
      raise UserError(
        f'the series of {paths[0]} have {one} {what}, those of {paths[1]}'
        f' {other}: both domains need the same.'
      )
  taken = inputs.series(*shapes[0], missing=missing)
  channels = inputs.columns(taken)
  if missing == 'reject':
    for path, domain in zip(paths, domains, strict=True):
      x = domain.examples.x
      numbers.reject_missing(x, channels, np.arange(len(x)), str(path))
  return Task(
    'series',
    *domains,
    protocol='transductive',
    backbone='conv1d',
    transform=inputs.transform(taken),
    fit=functools.partial(numbers.fit, columns=channels, **settings),
    inputs=taken,
  )


def _domain(name: str, path: pathlib.Path) -> Domain:
  x, y = array_file.read(path)
  if x.ndim not in (2, 3):
    raise UserError(
      f'x of {path} has the shape {x.shape}, but [n, time, channels] or'
      ' [n, time] is wanted.'
    )
  x = x if x.ndim == 3 else x[..., None]
  class_names, y = labels.encode(y, np.arange(len(x)), str(path))
  return Domain(name, class_names, Examples(x, y))
