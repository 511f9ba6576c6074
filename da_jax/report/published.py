"""Published accuracies beside ours, each with where it was read and how chosen.

They are of other code, backbones and protocols: for orientation, never a
verdict. Numbers of one method differ by several points between codebases.
"""

from collections.abc import Sequence
import functools
from importlib import resources
import itertools
import tomllib
from typing import Any, NamedTuple

Task = tuple[str, str]


class Row(NamedTuple):
  """What one table says of a method on some tasks, in %."""

  method: str  # our name
  name: str  # there
  scores: tuple[float | None, ...]  # one a task
  mean: float | None  # over exactly these tasks
  note: int  # place in `Published.notes`, from 1


class Published(NamedTuple):
  """Rows, and a sentence on each table that they are from."""

  rows: tuple[Row, ...]
  notes: tuple[str, ...]


def published(dataset: str, tasks: Sequence[Task]) -> Published:
  """All that is known of some tasks of a dataset.

  Args:
    dataset: name.
    tasks: pairs of source and target.

  Returns:
    Rows that have a number for one of the tasks, or for their mean.
  """
  rows, notes = [], []
  for table in _tables():
    if table['dataset'] == dataset:
      found = [
        _row(line, table, tasks, len(notes) + 1) for line in table['rows']
      ]
      found = [row for row in found if {*row.scores, row.mean} != {None}]
      if found:
        rows += found
        notes.append(_note(table))
  return Published(tuple(rows), tuple(notes))


@functools.cache
def _tables() -> list[dict[str, Any]]:
  text = (resources.files('da_jax.report') / 'published.toml').read_text(
    'utf-8'
  )
  return tomllib.loads(text)['tables']


def _row(
  line: Sequence[Any], table: dict[str, Any], tasks: Sequence[Task], note: int
) -> Row:
  method, name, values, *printed = line
  known = dict(zip(_tasks_of(table), values, strict=False))
  scores = tuple(known.get(task) for task in tasks)
  mean = None
  if printed and set(_tasks_of(table)) == set(tasks):
    mean = printed[0]
  elif None not in scores:
    mean = sum(scores) / len(scores)
  return Row(method, name, scores, mean, note)


def _tasks_of(table: dict[str, Any]) -> list[Task]:
  if 'domains' in table:
    return list(itertools.permutations(table['domains'], 2))
  return [tuple(task.split(':')) for task in table['tasks']]


def _note(table: dict[str, Any]) -> str:
  """Protocol of a table, in a sentence."""
  parts = [
    f'Read in: {table["read_in"]}',
    table['backbone'],
    f'data: {table["protocol"]}',
    f'step: {table["chosen"]}',
  ]
  if 'measure' in table:
    parts.append(f'{table["measure"]}, ours is the share of all examples')
  text = '; '.join(parts) + '.'
  if table.get('on_target_labels'):
    text += ' To be compared with our oracle, if at all.'
  return text
