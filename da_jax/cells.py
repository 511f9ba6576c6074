"""A matrix of runs: each a command of its own, so that one cannot harm others.

A cell is done when its folder has results; whoever starts the matrix again goes
on with the others, each from its last checkpoint.
"""

from collections.abc import Sequence
from concurrent import futures
import os
import pathlib
import subprocess
from typing import NamedTuple

from rich.console import Console
from rich.progress import (
  BarColumn,
  MofNCompleteColumn,
  Progress,
  TextColumn,
  TimeRemainingColumn,
)

from da_jax import files, runs


class Cell(NamedTuple):
  """One run of a matrix."""

  run: pathlib.Path
  command: tuple[str, ...]  # makes it or goes on with it
  after: pathlib.Path | None = None  # a run that it needs


def run_all(cells: Sequence[Cell], jobs: int) -> dict[pathlib.Path, str]:
  """Runs all cells that are not done, those that others need first.

  Args:
    cells: the matrix.
    jobs: processes at a time.

  Returns:
    What went wrong, by the folder of the run.
  """
  failures: dict[pathlib.Path, str] = {}

  def attempt(cell: Cell) -> None:
    if runs.results_of(cell.run) is None:
      failure = failures.get(cell.after)
      failure = f'its baseline failed: {failure}' if failure else _run(cell)
      if failure:
        failures[cell.run] = failure
        bar.console.print(f'{cell.run} failed: {failure}', highlight=False)
    bar.advance(task)

  with _bar() as bar, futures.ThreadPoolExecutor(jobs) as pool:
    task = bar.add_task('runs', total=len(cells))
    for first in (True, False):
      # All of the first are waited for.
      list(pool.map(attempt, [c for c in cells if (c.after is None) == first]))
  return failures


def _run(cell: Cell) -> str | None:
  """Runs a cell; returns the last thing that it said if it failed."""
  process = subprocess.run(
    cell.command,
    env=_environment(),
    stdin=subprocess.DEVNULL,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.PIPE,
    text=True,
    check=False,
  )
  if process.returncode == 0:
    return None
  said = process.stderr.strip().splitlines() or ['nothing was said']
  return f'exit code {process.returncode}, {said[-1]}'


def _environment() -> dict[str, str]:
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
