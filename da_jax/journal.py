"""What a run says while it goes on: metrics files and the progress bar."""

from collections.abc import Mapping
import math
import pathlib
import time

import jax

from da_jax import progress
from da_jax.errors import DivergedError
from da_jax.metrics import MetricsWriter

LOG_EVERY = 50


class Journal:
  """Takes the metrics of every step; writes them one step late.

  The metrics of a step are read when the next one has been dispatched, so that
  reading never waits for the device.
  """

  def __init__(
    self,
    run: pathlib.Path | None,
    name: str,
    done: int,
    steps: int,
    quiet: bool,
  ):
    self._writer = MetricsWriter(run, done) if run else None
    self._bar = progress.Bar(name, done, steps, shown=not quiet)
    self._pending: tuple[int, Mapping[str, jax.Array]] | None = None
    self._since = (done, time.monotonic())

  def __enter__(self):
    self._bar.start()
    return self

  def __exit__(self, *_):
    self._bar.stop()
    if self._writer:
      self._writer.close()

  def step(self, step: int, metrics: Mapping[str, jax.Array]) -> None:
    """Takes the metrics of a step and settles the step before.

    Raises:
      DivergedError: the step before had a loss or gradient that is not finite.
    """
    self.settle()
    self._pending = (step, metrics)

  def settle(self) -> None:
    """Checks and writes what is pending.

    Raises:
      DivergedError: its loss or gradient is not finite.
    """
    if self._pending is None:
      return
    step, metrics = self._pending
    self._pending = None
    values = {name: float(v) for name, v in jax.device_get(metrics).items()}
    wrong = [name for name, value in values.items() if not math.isfinite(value)]
    if wrong:
      raise DivergedError(
        f'{" and ".join(wrong)} not finite at step {step}: lower'
        ' --learning_rate; the last checkpoint before it is kept.'
      )
    self._bar.step(step, values['loss'])
    if step % LOG_EVERY == 0 and self._writer:
      before, then = self._since
      now = time.monotonic()
      values['steps_per_second'] = (step - before) / (now - then)
      self._since = (step, now)
      self._writer.write(step, values)

  def evaluation(self, result: Mapping[str, float]) -> None:
    """Takes an evaluation: 'step' and accuracies in [0, 1]."""
    self._bar.evaluation(result)
    self._since = (result['step'], time.monotonic())
    if self._writer:
      values = {name: v for name, v in result.items() if name != 'step'}
      self._writer.write(result['step'], values)
