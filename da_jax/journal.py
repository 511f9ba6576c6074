"""What a run says while it goes on: metrics files and the progress bar."""

from collections.abc import Iterator, Mapping
import math
import pathlib
import time
from typing import Any

import jax

from da_jax import progress, types
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
    self._asked = time.monotonic()
    self._stepped = self._waited = 0.0  # seconds
    self._since = (done, self._asked, self._waited)
    self._lap = {'seconds': self._asked, 'stepped': 0.0, 'waited': 0.0}

  def __enter__(self):
    self._bar.start()
    return self

  def __exit__(self, *_):
    self._bar.stop()
    if self._writer:
      self._writer.close()

  def awaited(self, batches: Iterator[types.Batch]) -> Iterator[types.Batch]:
    """Gives batches on and takes the time that each is waited for."""
    while True:
      self._asked = time.monotonic()
      batch = next(batches, None)
      self._waited += time.monotonic() - self._asked
      if batch is None:
        return
      yield batch

  def timed(self, record: Mapping[str, Any]) -> dict[str, Any]:
    """Adds the time since the last call, or the start, to a run's record.

    Args:
      record: of the run so far.

    Returns:
      The record with 'seconds' in all, of which 'stepped' in steps and not in
      evaluations, of which 'waited' for batches.
    """
    lap = {
      'seconds': time.monotonic(),
      'stepped': self._stepped,
      'waited': self._waited,
    }
    times = {n: record.get(n, 0.0) + lap[n] - self._lap[n] for n in lap}
    self._lap = lap
    return {**record, **times}

  def step(self, step: int, metrics: Mapping[str, jax.Array]) -> None:
    """Takes the metrics of a step and settles the step before.

    Raises:
      DivergedError: the step before had a loss or gradient that is not finite.
    """
    self.settle()
    self._pending = (step, metrics)
    self._stepped += time.monotonic() - self._asked

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
      before, then, waited = self._since
      now = time.monotonic()
      values['steps_per_second'] = (step - before) / (now - then)
      values['input_wait'] = (self._waited - waited) / (now - then)
      self._since = (step, now, self._waited)
      self._writer.write(step, values)

  def evaluation(self, result: Mapping[str, float]) -> None:
    """Takes an evaluation: 'step' and accuracies in [0, 1]."""
    self._bar.evaluation(result)
    self._since = (result['step'], time.monotonic(), self._waited)
    if self._writer:
      values = {name: v for name, v in result.items() if name != 'step'}
      self._writer.write(result['step'], values)
