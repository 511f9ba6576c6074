"""Tables of the user's own: CSV and Parquet files."""

import contextlib
import csv
import io
import pathlib

import numpy as np

from da_jax.data.own import own_files
from da_jax.data.own.table import Table, plain
from da_jax.errors import UserError

SUFFIXES = ('.csv', '.parquet')
# Of a CSV, read at once; pyarrow takes no row that is longer.
_BLOCK = 2**26  # bytes


def read(path: pathlib.Path, strings: tuple[str, ...] = ()) -> Table:
  """Reads a whole table.

  Args:
    path: CSV in UTF-8 with commas and a header, or Parquet.
    strings: columns of a CSV to take as they are written.

  Raises:
    UserError: the file is empty, damaged, ragged or in another encoding, or
      columns are named alike or not at all.
  """
  import pyarrow as pa
  from pyarrow import parquet

  try:
    if path.suffix.lower() == '.csv':
      columns = _read_csv(path, strings)
    else:
      columns = parquet.ParquetFile(path).read()
  except (pa.ArrowException, OSError) as error:
    line = str(error).splitlines()[0]
    raise UserError(
      f'{path} cannot be read as {path.suffix[1:]} ({line}).'
    ) from error
  _check_names(path, columns.column_names)
  if not len(columns):
    raise UserError(f'{path} has no row.')
  return Table(path, columns, np.arange(1, len(columns) + 1))


def split(
  path: pathlib.Path,
  source: str,
  target: str,
  domain_column: str,
  strings: tuple[str, ...] = (),
) -> tuple[Table, Table]:
  """Reads two domains of one file.

  Args:
    path: of the file.
    source: a value in the domain column.
    target: another one.
    domain_column: name of the column that says each row's domain.
    strings: see `read`.

  Returns:
    Their rows, without the domain column.

  Raises:
    UserError: see `read`, or there is no such file, column or value.
  """
  if not path.is_file():
    raise UserError(
      f'--domain_column={domain_column} divides one file, but'
      f' --data_dir={path} is none: name the file there.'
    )
  own_files.check_suffix(path, SUFFIXES)
  table = read(path, (*strings, domain_column))
  values = plain(table.column(domain_column, 'domain_column')).astype(str)

  def domain(value: str) -> Table:
    rows = np.flatnonzero(values == value)
    if not len(rows):
      raise UserError(
        f'{path} has no row with {domain_column}={value}, but'
        f' {", ".join(np.unique(values))}.'
      )
    columns = table.columns.take(rows).drop_columns([domain_column])
    return Table(path, columns, table.rows[rows])

  return domain(source), domain(target)


def _read_csv(path: pathlib.Path, strings: tuple[str, ...]):
  import pyarrow as pa
  from pyarrow import csv as arrow_csv

  data = own_files.read_bytes(path)
  try:
    return arrow_csv.read_csv(
      pa.BufferReader(data),
      read_options=arrow_csv.ReadOptions(block_size=_BLOCK),
      parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
      convert_options=arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(strings, pa.string())
      ),
    )
  except pa.ArrowInvalid:
    with contextlib.suppress(csv.Error):  # such as a value too long for it
      _check_width(path, data)
    raise


def _check_width(path: pathlib.Path, data: bytes) -> None:
  """Names the first ragged line; pyarrow says no more than what it holds."""
  reader = csv.reader(io.StringIO(data.decode(), newline=''))
  width = len(next(reader))
  for row in reader:
    if row and len(row) != width:
      raise UserError(
        f'{path} has {len(row)} values in line {reader.line_num}, but'
        f' {width} columns.'
      )


def _check_names(path: pathlib.Path, names: list[str]) -> None:
  twice = sorted({name for name in names if names.count(name) > 1})
  if twice:
    raise UserError(f'{path} has two columns {", ".join(twice)}: rename one.')
  # An index is the order of the rows, which often tells the class.
  if any(not name or name.startswith('__index_level_') for name in names):
    raise UserError(
      f'{path} has an index or another column without a name: write it without'
      ' (in pandas, index=False).'
    )
