"""Named columns of a table, as numbers, labels or texts."""

from collections.abc import Sequence
import pathlib
from typing import Any, NamedTuple

import numpy as np

from da_jax.data.own import labels
from da_jax.errors import UserError


class Table(NamedTuple):
  """Rows of one domain.

  Attributes:
    path: of the file.
    columns: pyarrow.Table.
    rows: int64 [n], numbers of the rows in the file, from 1 after the header.
  """

  path: pathlib.Path
  columns: Any
  rows: np.ndarray

  def column(self, name: str, flag: str):
    """One column as pyarrow has it.

    Raises:
      UserError: there is none of that name.
    """
    names = self.columns.column_names
    if name not in names:
      raise UserError(
        f'{self.path} has no column {name!r} but {", ".join(names)}: choose'
        f' with --{flag}.'
      )
    return self.columns.column(name)

  def labels(self, name: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Class names and indices int32 [n] of a column; see `labels.encode`."""
    column = plain(self.column(name, 'label_column'))
    where = f'{self.path}, column {name!r},'
    return labels.encode(column, self.rows, where)

  def numbers(self, names: Sequence[str]) -> np.ndarray:
    """Some columns as float64 [n, d], what is missing as NaN.

    Raises:
      UserError: there are none, or one is of another type.
    """
    import pyarrow as pa

    if not names:
      raise UserError(f'{self.path} has no column of numbers.')
    chosen = [self.columns.column(name) for name in names]
    odd = [
      f'{name} ({column.type}, such as {_sample(column)})'
      for name, column in zip(names, chosen, strict=True)
      if not _is_number(column.type)
    ]
    if odd:
      raise UserError(
        f'{self.path} has columns that are no numbers: {", ".join(odd)}. Encode'
        ' them, or leave them out with --drop_columns.'
      )
    chosen = [column.cast(pa.float64(), safe=False) for column in chosen]
    return np.column_stack([column.to_numpy() for column in chosen])

  def texts(self, name: str) -> np.ndarray:
    """A column of strings, object [n].

    Raises:
      UserError: there is none of that name, it has another type, or a row has
        no text.
    """
    texts = plain(self.column(name, 'text_column'), object)
    if texts.dtype.kind != 'O':
      raise UserError(
        f'column {name!r} of {self.path} holds {texts.dtype}, not texts: choose'
        ' with --text_column.'
      )
    empty = np.flatnonzero([not text.strip() for text in texts])
    if len(empty):
      raise UserError(
        f'{self.path} has no text in row {self.rows[empty[0]]} ({len(empty)}'
        ' such rows in all): remove them.'
      )
    return texts


def _is_number(kind) -> bool:
  """Whether a column of this type is; an empty one may be."""
  from pyarrow import types

  tests = (
    types.is_boolean,
    types.is_integer,
    types.is_floating,
    types.is_decimal,
    types.is_null,
  )
  return any(test(kind) for test in tests)


def _sample(column) -> str:
  value = str(next(iter(column.drop_null().slice(0, 1).to_pylist()), None))
  return repr(value[:20])


def plain(column, string_type=np.str_) -> np.ndarray:
  """A column as numbers or strings; what is missing is NaN or ''."""
  import pyarrow as pa

  kind = column.type
  if pa.types.is_dictionary(kind):
    column, kind = column.cast(kind.value_type), kind.value_type
  if pa.types.is_string(kind) or pa.types.is_large_string(kind):
    return np.array([value or '' for value in column.to_pylist()], string_type)
  if pa.types.is_null(kind):
    column = column.cast(pa.float64())
  return column.to_numpy()
