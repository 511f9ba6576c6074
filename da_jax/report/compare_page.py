"""One self-contained HTML page that lays several runs over one another."""

from collections.abc import Mapping, Sequence
import itertools
import os
import pathlib
import string
from typing import Any, NamedTuple

import numpy as np

from da_jax import errors, files
from da_jax.journal import VALIDATORS
from da_jax.report import curves, figures, folder, page, plots, summary
from da_jax.runs import FREE

# Pairs of colour and dash repeat after as many.
_DASHES = {'solid': '-', 'dashed': '--', 'dotted': ':'}  # of CSS
LIMIT = len(figures.COLOURS) * len(_DASHES)
_EVALUATIONS = 'Accuracies at evaluation'
_SCORES = 'Validators, higher is better'


class Entry(NamedTuple):
  """One run of the page."""

  key: str  # A, B, ...
  name: str
  colour: str
  dash: str  # of CSS
  course: folder.Course
  values: dict[str, np.ndarray]  # of `curves.series`

  @property
  def look(self) -> dict[str, str]:
    """Of the run's lines."""
    return {'color': self.colour, 'linestyle': _DASHES[self.dash]}


def write(path: pathlib.Path, entries: Sequence[Entry]) -> None:
  """Writes the page.

  Args:
    path: of the page; what is there is replaced.
    entries: of `read`.
  """
  html = page.template('compare.html.jinja').render(
    entries=entries,
    warning=_warning(entries),
    numbers=numbers(entries),
    oracle_note=summary.ORACLE_NOTE,
    groups=_groups(entries),
    differences=differences(entries),
    classes=_classes(entries),
  )
  files.write_atomically(path, html)


def read(run_dirs: Sequence[pathlib.Path]) -> list[Entry]:
  """Reads runs, finished or not.

  Raises:
    UserError: they are too many or one twice, or one is no run.
  """
  paths = [run_dir.resolve() for run_dir in run_dirs]
  if len(set(paths)) < len(paths):
    raise errors.UserError('a run is named twice.')
  if len(paths) > LIMIT:
    raise errors.UserError(f'more than {LIMIT} runs cannot be told apart.')
  courses = [folder.course(run_dir) for run_dir in run_dirs]
  common = pathlib.Path(os.path.commonpath(paths))
  if common in paths:
    common = common.parent
  keys = map(''.join, itertools.product(['', 'A'], string.ascii_uppercase))
  return [
    Entry(
      key,
      path.relative_to(common).as_posix(),
      colour,
      dash,
      course,
      curves.series(course.metrics),
    )
    for key, path, course, colour, dash in zip(
      keys,
      paths,
      courses,
      itertools.cycle(figures.COLOURS),
      itertools.cycle(_DASHES),
      strict=False,
    )
  ]


def numbers(entries: Sequence[Entry]) -> list[list[str]]:
  """Final target accuracies in words; of unfinished runs the newest.

  Args:
    entries: of `read`.

  Returns:
    The table, its header first.
  """
  results = [entry.course.results for entry in entries]
  chosen = {one['selected_by'] for one in results if one is not None}
  by = f' by {chosen.pop()}' if len(chosen) == 1 else ''
  header = ['run', 'last step', f'selected{by}', 'oracle', 'held-out source']
  lines = [_numbers(entry, say_by=not by) for entry in entries]
  return [[*header, 'step'], *lines]


def differences(entries: Sequence[Entry]) -> list[list[str]]:
  """What the runs were started with where it is not the same.

  Args:
    entries: of `read`.

  Returns:
    A line a flag or circumstance, a column a run. Flags that do not change
    what a run computes are left out.
  """
  told = [_told(entry.course.config) for entry in entries]
  names = dict.fromkeys(name for one in told for name in one)
  rows = [[name, *(one.get(name, '–') for one in told)] for name in names]
  return [row for row in rows if len(set(row[1:])) > 1]


def _told(config: Mapping[str, Any]) -> dict[str, str]:
  """Everything about how a run was started, as text by name."""
  flags = config.get('flags') or {}
  told = {'method': config.get('method')}
  told |= {f'--{n}': value for n, value in flags.items() if n not in FREE}
  told |= {n: config.get(n) for n in ('protocol', 'examples', 'devices')}
  told |= (config.get('versions') or {}) | {
    n: config.get(n) for n in ('git_revision', 'data')
  }
  return {name: page.shown(value) for name, value in told.items()}


def _numbers(entry: Entry, *, say_by: bool) -> list[str]:
  results = entry.course.results
  name = f'{entry.key} {entry.name}'
  if results is None:
    newest = (entry.values.get(n) for n in curves.EVALUATED)
    target, source = ('–' if c is None else _newest(c) for c in newest)
    done = max((line['step'] for line in entry.course.metrics), default=0)
    steps = (entry.course.config.get('flags') or {}).get('steps', '?')
    state = f'unfinished, {done} of {steps}'
    return [name, f'{target} so far', '–', '–', source, state]
  accuracy = results['target_accuracy']
  selected = summary.percent(accuracy.get('selected'))
  if say_by:
    selected += f' by {results["selected_by"]}'
  return [
    name,
    summary.percent(accuracy.get('last')),
    selected,
    summary.percent(accuracy.get('oracle')),
    summary.percent(results.get('source_accuracy')),
    str(results['steps']),
  ]


def _newest(curve: np.ndarray) -> str:
  return summary.percent(float(curve[-1, 1]))


def _warning(entries: Sequence[Entry]) -> str | None:
  """Why the numbers may not be compared, if so."""
  tasks = {
    tuple(
      (entry.course.config.get('flags') or {}).get(name)
      for name in ('dataset', 'source', 'target')
    )
    for entry in entries
  }
  protocols = {entry.course.config.get('protocol') for entry in entries}
  if len(tasks) > 1:
    return 'These runs are of different tasks: do not compare their accuracies.'
  if len(protocols) > 1:
    return (
      'These runs follow different protocols: their test sets differ, so do not'
      ' compare their accuracies.'
    )
  return None


def _groups(entries: Sequence[Entry]) -> list[curves.Group]:
  """Every scalar with a line for each run that has it."""
  names = dict.fromkeys(name for entry in entries for name in entry.values)
  evaluated = [name for name in curves.EVALUATED if name in names]
  scores = [name for name in names if name.startswith(VALIDATORS)]
  rest = [n for n in names if n not in evaluated and n not in scores]
  kinds = {_EVALUATIONS: evaluated, _SCORES: scores, **curves.kinds(rest)}
  return [
    curves.Group(
      kind, [_overlay(n, entries) for n in members], curves.is_aside(kind)
    )
    for kind, members in kinds.items()
    if members
  ]


def _overlay(name: str, entries: Sequence[Entry]) -> figures.Picture:
  title, level = curves.titled(name)
  if name.startswith(VALIDATORS):  # known by their names as flags have them
    title = name.removeprefix(VALIDATORS)
  lines = [
    plots.Line(entry.values[name], entry.look, entry.key)
    for entry in entries
    if name in entry.values
  ]
  return plots.small(title, lines, level=level)


def _classes(entries: Sequence[Entry]) -> list[list[str]]:
  """Target accuracies by class at the last step, a column a run."""
  found = [
    (entry.course.results or {}).get('per_class', {}) for entry in entries
  ]
  names = dict.fromkeys(name for one in found for name in one)
  return [
    [name, *(summary.percent(one.get(name)) for one in found)] for name in names
  ]
