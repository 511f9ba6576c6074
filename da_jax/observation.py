"""What training costs a process: time, memory and compilations."""

from collections.abc import Callable, Mapping
import statistics
from typing import Any

from absl import logging
import jax

from da_jax import types

# Of a run's metrics and results: they differ each time that it is run.
COSTS = (
  'seconds',
  'input_wait',
  'steps_per_second',
  'seconds_per_step',
  'examples_per_second',
  'compilations',
  'compile_seconds',
  'device_memory_gib',
)
RECENT = 500  # steps whose times stay in a run's record
_COMPILED = '/jax/core/compile/backend_compile_duration'


class Observer:
  """Counts what is compiled, or read from JAX's cache, while it is entered."""

  def __init__(self):
    self._compilations, self._compile_seconds = 0, 0.0
    self._examples = 0
    self._times: list[float] = []

  def __enter__(self):
    jax.monitoring.register_event_duration_secs_listener(self._heard)
    return self

  def __exit__(self, *_):
    jax.monitoring.unregister_event_duration_listener(self._heard)

  def _heard(self, event: str, seconds: float, **_) -> None:
    if event == _COMPILED:
      self._compilations += 1
      self._compile_seconds += seconds

  def watched(self, update: Callable, name: str, done: int) -> Callable:
    """An update that warns when later calls than the first compile.

    Of the 1st, 2nd, 4th, 8th, ... time, so that many are seen and none floods.

    Args:
      update: (state, host batch, key) -> (state, metrics).
      name: of what it updates, for the warning.
      done: updates done before.

    Returns:
      The same function.
    """
    first, step, again = {}, done, 0

    def call(state, batch, key):
      nonlocal first, step, again
      step += 1
      compilations, seconds = self._compilations, self._compile_seconds
      result = update(state, batch, key)
      if not first:
        first = _kinds(batch)
      elif self._compilations > compilations:
        again += 1
        if again.bit_count() == 1:  # a power of two
          logging.warning(
            'the update step of %s was compiled again at step %d (number %d),'
            ' which took %.1f s: %s',
            name,
            step,
            again,
            self._compile_seconds - seconds,
            _reason(first, _kinds(batch)),
          )
      return result

    return call

  def batch(self, batch: types.Batch) -> None:
    """Takes this process's share of the next step's batch."""
    rows = sum(jax.tree.leaves(part)[0].shape[0] for part in batch.values())
    self._examples = rows * jax.process_count()

  def step(self, seconds: float) -> None:
    """Takes the time of a step, waiting for its batch included."""
    self._times = [*self._times[1 - RECENT :], seconds]

  def compiled(self) -> dict[str, float]:
    """How much was compiled so far, and for how many seconds."""
    return {
      'compilations': self._compilations,
      'compile_seconds': self._compile_seconds,
    }

  def costs(self, seconds_per_step: float) -> dict[str, float]:
    """The metrics of an interval of steps.

    Args:
      seconds_per_step: mean of the interval.

    Returns:
      Scalars by name; examples are those of all domains and processes.
    """
    return {
      'steps_per_second': 1 / seconds_per_step,
      'seconds_per_step': seconds_per_step,
      'examples_per_second': self._examples / seconds_per_step,
      **self.compiled(),
      **_peak_memory(),
    }

  def recorded(self, record: Mapping[str, Any]) -> dict[str, Any]:
    """Adds to a run's record what was seen since the last call."""
    times = [*record.get('step_seconds', ()), *self._times][-RECENT:]
    self._times = []
    memory = _peak_memory()
    for name in memory:
      memory[name] = max(memory[name], record.get(name, 0.0))
    examples = self._examples or record.get('examples_per_step', 0)
    mine = {'step_seconds': times, 'examples_per_step': examples}
    return {**record, **mine, **memory}


def summary(record: Mapping[str, Any]) -> dict[str, Any]:
  """What results.json says of a run's costs.

  Args:
    record: of the run, see `Observer.recorded` and `journal.Journal.timed`.

  Returns:
    The median seconds of its last `RECENT` steps, examples by these, all that
    its processes 0 compiled and the most memory that their first device had
    in use; None for what is not known.
  """
  times = record.get('step_seconds')
  seconds = statistics.median(times) if times else None
  return {
    'seconds_per_step': seconds and round(seconds, 6),
    'examples_per_second': seconds
    and round(record['examples_per_step'] / seconds, 1),
    'compilations': int(record.get('compilations', 0)),
    'compile_seconds': round(record.get('compile_seconds', 0.0), 2),
    'device_memory_gib': record.get('device_memory_gib'),
  }


def _peak_memory() -> dict[str, float]:
  """Of the process so far; empty where the backend does not count, as CPU."""
  peak = (jax.local_devices()[0].memory_stats() or {}).get('peak_bytes_in_use')
  return {} if peak is None else {'device_memory_gib': round(peak / 2**30, 3)}


def _kinds(batch: types.Batch) -> dict[str, str]:
  leaves, _ = jax.tree_util.tree_flatten_with_path(batch)
  return {
    jax.tree_util.keystr(path, simple=True, separator='/'): (
      f'{leaf.dtype}{list(leaf.shape)}'
    )
    for path, leaf in leaves
  }


def _reason(first: Mapping[str, str], now: Mapping[str, str]) -> str:
  changes = [
    f'{name} {first.get(name, "missing")} -> {now.get(name, "missing")}'
    for name in sorted(first.keys() | now.keys())
    if first.get(name) != now.get(name)
  ]
  if changes:
    return (
      f'the batch changed ({", ".join(changes)}); keep its shapes and types.'
    )
  return (
    'the batch did not change, so the shapes or types of the state did; the'
    ' step must return them as it got them.'
  )
