"""The matrix with published numbers below ours, and what each number is."""

from typing import NamedTuple

from da_jax.report import matrix
from da_jax.report.matrix import Rows
from da_jax.report.published import Row, published

STEPS = {
  'last': 'the last step: nothing is chosen',
  'selected': 'chosen without target labels, by {by}',
  'oracle': 'best on target test labels, for reporting only',
}


class Line(NamedTuple):
  """A line of the table in words."""

  name: str
  cells: tuple[str, ...]  # one a task, then the mean
  note: int | None = None  # on a published one; None: ours


class Beside(NamedTuple):
  """Our methods, each followed by what was published of it."""

  header: tuple[str, ...]
  lines: tuple[Line, ...]
  others: tuple[Line, ...]  # published methods that were not run
  notes: tuple[str, ...]


def beside(dataset: str, rows: Rows) -> Beside:
  """The matrix at the last step with published numbers.

  Args:
    dataset: name.
    rows: of `matrix.row`.
  """
  tasks = list(dict.fromkeys((r['source'], r['target']) for r in rows))
  known = published(dataset, tasks)
  (_, *header), *ours = matrix.cells(rows)
  lines, methods = [], []
  for method, *cells in ours:
    methods.append(method)
    lines.append(Line(method, tuple(cells)))
    lines += [_line(row) for row in known.rows if row.method == method]
  others = [_line(row) for row in known.rows if row.method not in methods]
  return Beside(tuple(header), tuple(lines), tuple(others), known.notes)


def words(found: Beside) -> list[list[str]]:
  """Our methods and what was published of them, the header first."""
  return [
    ['', *found.header],
    *([_name(line), *line.cells] for line in found.lines),
  ]


def step(rows: Rows, which: str) -> str:
  """How a step was chosen, in words.

  Args:
    rows: of `matrix.row`.
    which: 'last', 'selected' or 'oracle'.
  """
  by = dict.fromkeys(row['selected_by'] for row in rows if row['selected_by'])
  return STEPS[which].format(by=' or '.join(by) or 'nothing yet')


def notes(found: Beside) -> list[str]:
  """The notes, each with the number that the lines have."""
  return [f'[{place}] {note}' for place, note in enumerate(found.notes, 1)]


def _name(line: Line) -> str:
  return line.name if line.note is None else f'{line.name} [{line.note}]'


def _line(row: Row) -> Line:
  cells = (*row.scores, row.mean)
  words = ('–' if cell is None else f'{cell:.1f}' for cell in cells)
  return Line(f'published: {row.name}', tuple(words), row.note)
