"""Whether the runs in a matrix's folder are those that are asked for.

A cell with results is not run again, whatever made it: so what made it is
compared with what would make it now.
"""

from collections.abc import Iterable, Sequence
import itertools
import json
import pathlib
import shlex
from typing import Any

from da_jax import locks, runs
from da_jax.cells import Cell
from da_jax.errors import UserError

# What readers see and what a cell is compared with, not what it computes.
_FREE = (*runs.FREE, 'baseline')


def check(cells: Iterable[Cell]) -> None:
  """Compares the runs that are there or under way with their cells.

  Those that failed before anything was saved may be mended by other flags.

  Args:
    cells: each by a command `python -m module --flag=value ...`; those of one
      task in one folder.

  Raises:
    UserError: one was made by other flags or of other data.
  """
  data: dict[pathlib.Path, tuple[str, pathlib.Path]] = {}
  for cell in cells:
    if (config := _config(cell.run)) is None:
      continue
    _compare(cell, shlex.split(config['command']))
    here = (config['data'], cell.run)
    known, other = data.setdefault(cell.run.parent, here)
    if known != config['data']:
      raise UserError(
        f'{cell.run} was made of other examples, labels or another split than'
        f' {other}: choose another --workdir.'
      )


def _config(run: pathlib.Path) -> dict[str, Any] | None:
  """What made a run that has something to lose or is under way."""
  path = run / runs.CONFIG
  begun = runs.has_something_to_lose(run)
  if begun and not path.exists():
    raise UserError(
      f'{run} does not say what made it ({runs.CONFIG} is missing): choose'
      ' another --workdir.'
    )
  if begun or (path.exists() and locks.is_held(run)):
    return json.loads(path.read_text())
  return None


def _compare(cell: Cell, made_by: Sequence[str]) -> None:
  there, now = _by_flag(made_by), _by_flag(cell.command[1:])
  differing = [n for n in there | now if there.get(n) != now.get(n)]
  if differing:
    one, other = (
      ' '.join(itertools.chain(*(found.get(name, ()) for name in differing)))
      for found in (there, now)
    )
    raise UserError(
      f'{cell.run} was made by other flags ({one or "nothing"} there,'
      f' {other or "nothing"} now): choose another --workdir, or remove that'
      ' folder to make it anew.'
    )


def _by_flag(words: Sequence[str]) -> dict[str, list[str]]:
  """The words of each flag that decides, in their order."""
  found: dict[str, list[str]] = {}
  for word in words:
    name = word.lstrip('-').partition('=')[0]
    if name not in _FREE and name.removeprefix('no') not in _FREE:
      found.setdefault(name, []).append(word)
  return found
