"""Metrics of a run: metrics.jsonl, one object a line, and TensorBoard.

What other processes than the first tell of themselves is in files of their own.
"""

from collections.abc import Mapping
import json
import pathlib

from da_jax import files
from da_jax.event_files import EventFile

FILE, FILES_OF_OTHERS = 'metrics.jsonl', 'metrics-*.jsonl'


class MetricsWriter:
  """Appends metrics by step; a resumed run continues where it stands."""

  def __init__(self, run: pathlib.Path, step: int, process: int = 0):
    """Opens the files of a run that stands at `step`; later lines are cut.

    So are all of a run that begins, whose evaluation before the first step is
    made again.

    Args:
      run: the folder.
      step: updates done.
      process: whose metrics these are.
    """
    name, board = FILE, run / 'tensorboard'
    if process:
      name = FILES_OF_OTHERS.replace('*', str(process))
      board /= f'process-{process}'
    self._run, path = run, run / name
    with files.writing(run):
      if path.exists():
        kept = [line for line in read(path) if 0 < step >= line['step']]
        text = ''.join(json.dumps(line) + '\n' for line in kept)
        files.write_atomically(path, text)
      self._file = path.open('a')
      self._board = EventFile(board, step and step + 1)

  def write(self, step: int, values: Mapping[str, float]) -> None:
    """Adds one line, visible to readers at once.

    Args:
      step: updates done.
      values: scalars by name.
    """
    line = {'step': step} | {key: float(v) for key, v in values.items()}
    with files.writing(self._run):
      self._file.write(json.dumps(line) + '\n')
      self._file.flush()
      self._board.write(step, values)

  def close(self) -> None:
    with files.writing(self._run):
      try:
        self._file.close()
      finally:
        self._board.close()


def cut(run: pathlib.Path, step: int, processes: int) -> None:
  """Cuts what processes told after `step` that a run has no longer.

  Args:
    run: the folder.
    step: updates done.
    processes: how many the run has now.
  """
  for path in run.glob(FILES_OF_OTHERS):
    number = path.stem.rpartition('-')[2]
    if number.isdecimal() and int(number) >= processes:
      MetricsWriter(run, step, int(number)).close()


def read(path: pathlib.Path) -> list[dict]:
  """The lines of a file, without the last if a kill cut it."""
  lines = []
  for text in path.read_text().splitlines():
    try:
      lines.append(json.loads(text))
    except json.JSONDecodeError:
      break
  return lines
