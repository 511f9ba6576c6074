"""A matrix of runs: each a command of its own, so that one cannot harm others.

A cell is done when its folder has results; whoever starts the matrix again goes
on with the others, each from its last checkpoint. Several processes, also of
several machines that share a folder, may do so at a time: each cell is claimed
by one of them, and all wait for the last.
"""

from collections.abc import Callable, Sequence
import math
import os
import pathlib
import signal
import time
from typing import IO, NamedTuple

from rich.console import Console
from rich.progress import (
  BarColumn,
  MofNCompleteColumn,
  Progress,
  TextColumn,
  TimeRemainingColumn,
)

from da_jax import children, commands, files, locks, runs, signals
from da_jax.errors import InterruptedRunsError

_POLL = 0.1  # seconds between looks at own processes
_LOOK = 1.0  # at cells that others have


class Cell(NamedTuple):
  """One run of a matrix."""

  run: pathlib.Path
  command: tuple[str, ...]  # makes it or goes on with it
  after: pathlib.Path | None = None  # a run that it needs


class _Work(NamedTuple):
  """A cell under way here."""

  child: children.Child
  claim: IO[str]


def run_all(cells: Sequence[Cell], jobs: int) -> dict[pathlib.Path, str]:
  """Runs all cells that are not done, those that others need first.

  A cell that another process has is waited for, and taken over where that one
  ends without results.

  Args:
    cells: the matrix.
    jobs: processes at a time.

  Returns:
    What went wrong, by the folder of the run.

  Raises:
    InterruptedRunsError: a signal came; the runs under way are saved.
  """
  failures: dict[pathlib.Path, str] = {}
  under_way: dict[Cell, _Work] = {}
  is_open = lambda cell: (
    # Also one that has just written its results and is about to end.
    cell in under_way or not (_is_done(cell.run) or cell.run in failures)
  )
  todo = sorted(cells, key=lambda cell: cell.after is not None)
  with _bar() as bar, signals.deferred() as received:
    task = bar.add_task('runs', total=len(cells))
    try:
      while todo := [cell for cell in todo if is_open(cell)]:
        _start(todo, under_way, failures, jobs)
        done = len(cells) - len(todo)
        shown = 'runs' if under_way else 'waiting for another process'
        bar.update(task, completed=done, description=shown)
        if number := _wait(under_way, jobs, received):
          children.end((work.child for work in under_way.values()), number)
          raise InterruptedRunsError(number, done, len(cells))
        for run, why in _ended(under_way).items():
          failures[run] = why
          bar.console.print(
            f'{run} failed: {why}', highlight=False, markup=False
          )
      bar.update(task, completed=len(cells))
    finally:
      children.end((work.child for work in under_way.values()), signal.SIGKILL)
  return {run: why for run, why in failures.items() if not _is_done(run)}


def _start(
  todo: Sequence[Cell],
  under_way: dict[Cell, _Work],
  failures: dict[pathlib.Path, str],
  jobs: int,
) -> None:
  """Starts as many cells as there is room for."""
  awaited = {cell.run for cell in todo}
  for cell in todo:
    if cell.after in failures:
      failures[cell.run] = f'its baseline failed: {failures[cell.after]}'
      continue
    if len(under_way) == jobs or cell in under_way or cell.after in awaited:
      continue
    if claim := _claim(cell.run):
      child = children.start(cell.command, environment())
      under_way[cell] = _Work(child, claim)


def _claim(run: pathlib.Path) -> IO[str] | None:
  """Keeps others from starting a run; None where one has it or has done it."""
  with files.writing(run.parent):
    run.parent.mkdir(parents=True, exist_ok=True)
    claim = locks.claim(run.with_name(f'.{run.name}.claim'))
  # Who claimed it before may have ended, and the run that it started goes on.
  if claim and (_is_done(run) or locks.is_held(run)):
    claim.close()
    return None
  return claim


def _wait(
  under_way: dict[Cell, _Work],
  jobs: int,
  received: Callable[[], int | None],
) -> int | None:
  """Until there is something to do; gives the number of a signal."""
  until = time.monotonic() + _LOOK if len(under_way) < jobs else math.inf
  while time.monotonic() < until:
    if number := received():
      return number
    if any(
      work.child.process.poll() is not None for work in under_way.values()
    ):
      return None
    time.sleep(_POLL)
  return None


def _ended(under_way: dict[Cell, _Work]) -> dict[pathlib.Path, str]:
  """Forgets what has ended; gives what went wrong, by folder."""
  failures = {}
  for cell, (child, claim) in list(under_way.items()):
    code = child.process.poll()
    if code is None:
      continue
    # Preempted ones go on; one that another process has is waited for.
    put_off = code == commands.PREEMPTED or locks.is_held(cell.run)
    if not put_off and not _is_done(cell.run):
      failures[cell.run] = children.failure(child)
    del under_way[cell]
    child.said.close()
    claim.close()
  return failures


def _is_done(run: pathlib.Path) -> bool:
  return (run / runs.RESULTS).exists()


def environment() -> dict[str, str]:
  """Programs that an earlier cell compiled are taken from the cache."""
  return {
    'JAX_COMPILATION_CACHE_DIR': str(files.cache_folder() / 'compiled'),
    'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
    'TF_CPP_MIN_LOG_LEVEL': '3',
    **os.environ,
  }


def _bar() -> Progress:
  return Progress(
    TextColumn('{task.description}'),
    BarColumn(bar_width=30),
    MofNCompleteColumn(),
    TextColumn('left'),
    TimeRemainingColumn(compact=True),
    console=Console(stderr=True),
  )
