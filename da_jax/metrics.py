"""Metrics of a run: metrics.jsonl, one object a line, and TensorBoard."""

from collections.abc import Mapping
import json
import pathlib

from da_jax.files import write_atomically

FILE = 'metrics.jsonl'


class MetricsWriter:
  """Appends metrics by step; a resumed run continues where it stands."""

  def __init__(self, run: pathlib.Path, step: int):
    """Opens the files of a run that stands at `step`; later lines are cut."""
    path = run / FILE
    if path.exists():
      kept = [line for line in _complete_lines(path) if line['step'] <= step]
      text = ''.join(json.dumps(line) + '\n' for line in kept)
      write_atomically(path, text)
    # It imports torch where there is one, which takes seconds.
    from tensorboardX import SummaryWriter

    self._file = path.open('a')
    self._board = SummaryWriter(str(run / 'tensorboard'), purge_step=step + 1)

  def write(self, step: int, values: Mapping[str, float]) -> None:
    """Adds one line, visible to readers at once.

    Args:
      step: updates done.
      values: scalars by name.
    """
    line = {'step': step} | {key: float(v) for key, v in values.items()}
    self._file.write(json.dumps(line) + '\n')
    self._file.flush()
    for key, value in values.items():
      self._board.add_scalar(key, float(value), step)

  def close(self) -> None:
    self._file.close()
    self._board.close()


def _complete_lines(path: pathlib.Path) -> list[dict]:
  lines = []
  for text in path.read_text().splitlines():
    try:
      lines.append(json.loads(text))
    except json.JSONDecodeError:  # a kill can cut the last line
      break
  return lines
