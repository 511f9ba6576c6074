"""A progress bar with the loss, the accuracies and the time left."""

from collections.abc import Mapping

from rich.console import Console
from rich.progress import (
  BarColumn,
  MofNCompleteColumn,
  Progress,
  TextColumn,
  TimeRemainingColumn,
)


class Bar:
  """A bar on standard error, and one line an evaluation for logs without."""

  def __init__(self, name: str, done: int, steps: int, *, shown: bool = True):
    self._name = name
    self._progress = Progress(
      TextColumn('{task.description}'),
      BarColumn(bar_width=8),  # what 80 columns leave
      MofNCompleteColumn(),
      TextColumn('{task.fields[loss]}  {task.fields[accuracy]}  left'),
      TimeRemainingColumn(compact=True),
      console=Console(stderr=True, quiet=not shown),
    )
    self._task = self._progress.add_task(
      name, total=steps, completed=done, loss='', accuracy=''
    )

  def start(self) -> None:
    self._progress.start()

  def stop(self) -> None:
    self._progress.stop()

  def step(self, step: int, loss: float, **parts: float) -> None:
    """Shows the number of updates done, the loss of the last and its parts."""
    text = ''.join(f' {name} {part:.2g}' for name, part in parts.items())
    self._progress.update(
      self._task, completed=step, loss=f'loss {loss:.3f}{text}'
    )

  def evaluation(self, result: Mapping[str, float]) -> None:
    """Shows accuracies, shares in [0, 1] under '<name>_accuracy'."""
    accuracies = '  '.join(
      f'{name.removesuffix("_accuracy")} {value:.1%}'
      for name, value in result.items()
      if name != 'step'
    )
    self._progress.update(self._task, accuracy=accuracies)
    self._progress.console.print(
      f'{self._name}  step {result["step"]}  {accuracies}', highlight=False
    )
