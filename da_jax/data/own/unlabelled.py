"""Rows, series and texts of the user's own that a trained model is to label."""

import pathlib
from typing import Any

import numpy as np

from da_jax.data import inputs
from da_jax.data.own import array_file, own_files, standardise, table_file
from da_jax.data.own.table import Table
from da_jax.errors import UserError

_SUFFIXES = {
  'rows': (*table_file.SUFFIXES, '.npz'),
  'series': ('.npz',),
  'texts': table_file.SUFFIXES,
}


def read(path: pathlib.Path, taken: inputs.Inputs) -> tuple[np.ndarray, Any]:
  """Reads examples of the kind that a run was trained on, without labels.

  Args:
    path: `.csv` or `.parquet` with the columns of the run, or `.npz` with `x`
      of its shape. Columns that the run ignored may be there.
    taken: inputs of the run.

  Returns:
    What the file calls its rows, int64 [n], and numbers or texts [n, ...].

  Raises:
    UserError: there is no such file, it is damaged or of another kind or
      shape, columns differ, or a number is missing that may not be.
  """
  if not path.is_file():
    raise UserError(f'there is no file {path}.')
  own_files.check_suffix(path, _SUFFIXES[taken['kind']])
  if path.suffix.lower() == '.npz':
    x = array_file.read_unlabelled(path)
    rows = np.arange(len(x))
    if taken['kind'] == 'series' and x.ndim == 2:
      x = x[..., None]
  else:
    strings = (taken['column'],) if taken['kind'] == 'texts' else ()
    table = table_file.read(path, strings)
    rows = table.rows
    if taken['kind'] == 'texts':
      return rows, table.texts(taken['column'])
    x = table.numbers(_columns(table, taken))
  if list(x.shape[1:]) != taken['shape']:
    raise UserError(
      f'{path} has examples of shape {list(x.shape[1:])}, but the run was'
      f' trained on {taken["shape"]}.'
    )
  if taken.get('missing', 'reject') == 'reject':
    standardise.reject_missing(x, inputs.columns(taken), rows, str(path))
  return rows, x


def _columns(table: Table, taken: inputs.Inputs) -> list[str]:
  """The columns of the run, in its order."""
  ignored = taken.get('ignored', ())
  there = [n for n in table.columns.column_names if n not in ignored]
  wanted = taken.get('columns')
  if not wanted:
    return there
  said = [
    f'{what} {", ".join(odd)}'
    for what, one, other in (
      ('lacks', wanted, there),
      ('also has', there, wanted),
    )
    if (odd := [name for name in one if name not in other])
  ]
  if said:
    raise UserError(
      f'{table.path} has other columns than the run was trained on: it'
      f' {" and ".join(said)}.'
    )
  return list(wanted)
