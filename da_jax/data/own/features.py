"""Rows of numbers of the user's own: NumPy, MATLAB, CSV and Parquet files."""

from collections.abc import Sequence
import functools
import pathlib
from typing import NamedTuple

import numpy as np

from da_jax.data import inputs
from da_jax.data.own import (
  array_file,
  labels,
  own_files,
  table_file,
)
from da_jax.data.own import standardise as numbers
from da_jax.data.own.table import Table
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError


class _Rows(NamedTuple):
  """One domain as its file has it."""

  path: pathlib.Path
  x: np.ndarray  # [n, d]
  rows: np.ndarray  # [n] what the file calls them
  class_names: tuple[str, ...]
  y: np.ndarray
  columns: tuple[str, ...] = ()  # names, if the file has them
  dropped: tuple[str, ...] = ()


def load(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  *,
  label_column: str | None = None,
  domain_column: str | None = None,
  drop_columns: Sequence[str] = (),
  missing: str = 'reject',
  outliers: str = 'keep',
  standardise: str = 'source',
) -> Task:
  """Reads two domains.

  Args:
    data_dir: folder of the files; with a domain column, the one table.
    source: name of a file in it or a path, see `array_file.read` and
      `table_file.read`; with a domain column, a value in it.
    target: another one. Columns of two tables are matched by name.
    label_column: of tables, 'label' if None.
    domain_column: of a table that holds both domains.
    drop_columns: of either table; all others are features.
    missing: see `standardise.fit`.
    outliers: likewise.
    standardise: likewise.

  Returns:
    Rows [n, d], float32 in the pair.

  Raises:
    UserError: a file is missing, damaged or not of this shape, columns or
      widths differ, or a number is missing that may not be.
  """
  settings = dict(missing=missing, outliers=outliers, standardise=standardise)
  numbers.check(**settings)
  both = _both(
    data_dir, source, target, label_column, domain_column, drop_columns
  )
  _check_dropped(both, drop_columns)
  both[1] = _aligned(*both)
  ignored = (label_column or 'label', domain_column, *drop_columns)
  taken = inputs.rows(
    both[0].x.shape[1],
    fit='standardise',
    missing=missing,
    columns=list(both[0].columns or both[1].columns),
    ignored=[name for name in ignored if name],
  )
  columns = inputs.columns(taken)
  if missing == 'reject':
    for part in both:
      numbers.reject_missing(part.x, columns, part.rows, str(part.path))
  domains = [
    Domain(name, part.class_names, Examples(part.x, part.y))
    for name, part in zip((source, target), both, strict=True)
  ]
  return Task(
    'features',
    *domains,
    protocol='transductive',
    backbone='mlp',
    transform=inputs.transform(taken),
    fit=functools.partial(numbers.fit, columns=columns, **settings),
    inputs=taken,
  )


def _both(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  label_column: str | None,
  domain_column: str | None,
  drop_columns: Sequence[str],
) -> list[_Rows]:
  """Two files, or two parts of one table."""
  if domain_column is None:
    suffixes = array_file.SUFFIXES + table_file.SUFFIXES
    paths = own_files.find_two(data_dir, source, target, suffixes)
    return [_read(path, label_column, drop_columns) for path in paths]
  label_column = label_column or 'label'
  parts = table_file.split(
    data_dir, source, target, domain_column, (label_column,)
  )
  return [_of_table(part, label_column, drop_columns) for part in parts]


def _read(
  path: pathlib.Path, label_column: str | None, drop_columns: Sequence[str]
) -> _Rows:
  if path.suffix.lower() in table_file.SUFFIXES:
    label_column = label_column or 'label'
    part = table_file.read(path, (label_column,))
    return _of_table(part, label_column, drop_columns)
  if label_column is not None or drop_columns:
    flag = 'drop_columns' if drop_columns else 'label_column'
    raise UserError(f'--{flag} names columns, but those of {path} have none.')
  x, y = array_file.read(path)
  if x.ndim != 2:
    raise UserError(
      f'x of {path} has the shape {x.shape}, but rows [n, d] are wanted.'
    )
  rows = np.arange(len(x))
  return _Rows(path, x, rows, *labels.encode(y, rows, str(path)))


def _of_table(
  part: Table, label_column: str, drop_columns: Sequence[str]
) -> _Rows:
  labelled = part.labels(label_column)
  names = [n for n in part.columns.column_names if n != label_column]
  kept = tuple(name for name in names if name not in drop_columns)
  dropped = tuple(name for name in names if name in drop_columns)
  x = part.numbers(kept)
  return _Rows(part.path, x, part.rows, *labelled, kept, dropped)


def _check_dropped(both: Sequence[_Rows], drop_columns: Sequence[str]) -> None:
  for name in drop_columns:
    if not any(name in part.dropped for part in both):
      raise UserError(
        f'--drop_columns={name}: there is no such column beside the labels,'
        f' but {", ".join(both[0].columns)}.'
      )


def _aligned(first: _Rows, second: _Rows) -> _Rows:
  """The second with its columns in the order of the first."""
  if not (first.columns and second.columns):
    widths = [part.x.shape[1] for part in (first, second)]
    if widths[0] != widths[1]:
      raise UserError(
        f'{first.path} has {widths[0]} columns of features, {second.path} has'
        f' {widths[1]}: both domains need the same.'
      )
    return second
  said = [
    f'only {one.path} has {", ".join(odd)}'
    for one, other in ((first, second), (second, first))
    if (odd := [name for name in one.columns if name not in other.columns])
  ]
  if said:
    raise UserError(
      f'the columns of the domains differ: {"; ".join(said)}. Leave some out'
      ' with --drop_columns, or mend the files.'
    )
  order = [second.columns.index(name) for name in first.columns]
  return second._replace(x=second.x[:, order])
