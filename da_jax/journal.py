"""What a run says while it goes on: metrics files and the progress bar."""

from collections.abc import Iterator, Mapping
import math
import pathlib
import time
from typing import Any

import jax

from da_jax import hosts, metrics, progress, types
from da_jax.errors import DivergedError
from da_jax.metrics import MetricsWriter
from da_jax.observation import Observer

LOG_EVERY = 50
VALIDATORS = 'validators/'  # before the name of a validator's scores
_NO_ACCURACY = ('step', 'validators', 'absent')


class Journal:
  """Takes the metrics of every step; writes them one step late.

  The metrics of a step are read when the next one has been dispatched, so that
  reading never waits for the device.
  """

  def __init__(
    self,
    run: pathlib.Path | None,
    observer: Observer,
    name: str,
    done: int,
    steps: int,
    quiet: bool,
  ):
    self._writers = []
    if run:
      processes = jax.process_count()
      self._writers = [MetricsWriter(run, done, p) for p in range(processes)]
      metrics.cut(run, done, processes)
    self._observer = observer
    self._bar = progress.Bar(name, done, steps, shown=not quiet)
    self._pending: tuple[int, Mapping[str, jax.Array]] | None = None
    self._asked = time.monotonic()
    self._stepped = self._waited = 0.0  # seconds
    self._since = (done, self._asked, self._waited)
    self._lap = dict.fromkeys(self._times(), 0.0) | {'seconds': self._asked}

  def __enter__(self):
    self._bar.start()
    return self

  def __exit__(self, *_):
    self._bar.stop()
    for writer in self._writers:
      writer.close()

  def awaited(self, batches: Iterator[types.Batch]) -> Iterator[types.Batch]:
    """Gives batches on and takes the time that each is waited for."""
    while True:
      self._asked = time.monotonic()
      batch = next(batches, None)
      self._waited += time.monotonic() - self._asked
      if batch is None:
        return
      self._observer.batch(batch)
      yield batch

  def timed(self, record: Mapping[str, Any]) -> dict[str, Any]:
    """Adds the time since the last call, or the start, to a run's record.

    Args:
      record: of the run so far.

    Returns:
      The record with 'seconds' in all, of which 'stepped' in steps and not in
      evaluations, of which 'waited' for batches; and what the observer saw.
    """
    lap = self._times()
    times = {n: record.get(n, 0.0) + lap[n] - self._lap[n] for n in lap}
    self._lap = lap
    return {**self._observer.recorded(record), **times}

  def _times(self) -> dict[str, float]:
    return {
      'seconds': time.monotonic(),
      'stepped': self._stepped,
      'waited': self._waited,
      **self._observer.compiled(),
    }

  def step(self, step: int, metrics: Mapping[str, jax.Array]) -> None:
    """Takes the metrics of a step and settles the step before.

    Raises:
      DivergedError: the step before had a loss or gradient that is not finite.
    """
    self.settle()
    self._pending = (step, metrics)
    seconds = time.monotonic() - self._asked
    self._stepped += seconds
    self._observer.step(seconds)

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
    if step % LOG_EVERY == 0:
      first, *others = hosts.of_all(self._costs(step))
      if self._writers:
        lines = [values | first, *others]
        for writer, line in zip(self._writers, lines, strict=True):
          writer.write(step, line)

  def _costs(self, step: int) -> dict[str, float]:
    """Of the steps since the last call or evaluation."""
    before, then, waited = self._since
    self._since = (step, time.monotonic(), self._waited)
    seconds = self._since[1] - then
    return {
      'input_wait': (self._waited - waited) / seconds,
      **self._observer.costs(seconds / (step - before)),
    }

  def evaluation(self, result: Mapping[str, Any]) -> None:
    """Takes an evaluation: 'step', accuracies in [0, 1], maybe 'validators'.

    Scores of validators that are None are not written.
    """
    values = {n: v for n, v in result.items() if n not in _NO_ACCURACY}
    self._bar.evaluation({'step': result['step'], **values})
    self._since = (result['step'], time.monotonic(), self._waited)
    if self._writers:
      for name, score in result.get('validators', {}).items():
        if score is not None:
          values[VALIDATORS + name] = score
      self._writers[0].write(result['step'], values)
