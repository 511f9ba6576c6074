"""Batches of a pair: what a step sees is a function of (seed, step)."""

import collections
from collections.abc import Iterator
import concurrent.futures
import dataclasses
import multiprocessing
import os
import signal
import threading

from absl import flags
import numpy as np

from da_jax import types
from da_jax.data import order
from da_jax.data.pair import DomainPair
from da_jax.errors import UserError
from da_jax.signals import SIGNALS

# Batches taken ahead of the step that needs them, by one thread.
AHEAD = 2


def batch_at(
  pair: DomainPair,
  step: int,
  *,
  batch_size: int,
  seed: int,
  target_labels: bool,
  share: slice = slice(None),
) -> types.Batch:
  """The host batch of a step, raw.

  Args:
    pair: the two domains.
    step: counts from 0.
    batch_size: examples of each domain.
    seed: of the data order.
    target_labels: whether the setting gives them; then the source is left
      out, as fine-tuning has none.
    share: rows of the batch to take, of one of many processes.

  Returns:
    {'source': {'x', 'y'}, 'target': {'x'}}, or {'target': {'x', 'y'}}.

  Raises:
    UserError: a domain has fewer examples than the batch.
  """

  def draw(examples, domain, stream):
    indices = order.batch_indices(
      len(examples.y), batch_size, step, seed, stream, domain
    )[share]
    return {'x': examples.x[indices], 'y': examples.y[indices]}

  target = draw(pair.target_train, pair.target, stream=1)
  if target_labels:
    return {'target': target}
  source = draw(pair.source_train, pair.source, stream=0)
  return {'source': source, 'target': {'x': target['x']}}


def batches(
  pair: DomainPair, start: int, stop: int, *, workers: int = 0, **settings
) -> Iterator[types.Batch]:
  """Makes `batch_at` of steps start..stop-1 ahead of who takes them.

  Args:
    pair: the two domains.
    start: first step.
    stop: behind the last one.
    workers: processes that make them; 0 for a thread of this one.
    **settings: of `batch_at`.

  Returns:
    A generator, to be closed; the batches do not depend on the workers.

  Raises:
    UserError: see `batch_at`, or there is no grain for the workers.
  """
  steps = _Steps(pair, start, stop, settings)
  if not workers:
    return _ahead(sent.batch for sent in steps)
  try:
    import grain
  except ImportError as error:
    raise UserError(
      f'--workers={workers} needs grain: pip install da-jax[stream].'
    ) from error
  return _in_processes(grain, steps, workers)


@dataclasses.dataclass(frozen=True)
class _Sent:
  """What grain takes as it is: arrays would go through shared memory.

  Containers have little of that, and grain leaves some behind at its end.
  """

  batch: types.Batch


class _Steps:
  """The batches of a range of steps, as a sequence."""

  def __init__(self, pair: DomainPair, start: int, stop: int, settings: dict):
    # Other processes get what they need and can be sent.
    self._pair = pair._replace(
      source_val=None,
      target_test=None,
      augment=None,
      prepare=None,
      split={},
      fitted={},
    )
    self._steps, self._settings = range(start, stop), settings

  def __len__(self) -> int:
    return len(self._steps)

  def __getitem__(self, index: int) -> _Sent:
    return _Sent(batch_at(self._pair, self._steps[index], **self._settings))


def _ahead(made: Iterator[types.Batch]) -> Iterator[types.Batch]:
  """Takes batches ahead in a thread."""
  pool = concurrent.futures.ThreadPoolExecutor(1)
  taken = collections.deque()
  try:
    while True:
      while len(taken) <= AHEAD:
        taken.append(pool.submit(next, made, None))
      batch = taken.popleft().result()
      if batch is None:
        return
      yield batch
  finally:
    pool.shutdown(cancel_futures=True)


def _in_processes(grain, steps: _Steps, workers: int):
  # Grain reads its flags, which only absl's own scripts have parsed.
  if not flags.FLAGS.is_parsed():
    flags.FLAGS.mark_as_parsed()
  # No threads nor buffers but those of the processes: an element is a batch.
  reading = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)
  processes = grain.MultiprocessingOptions(num_workers=workers)
  dataset = grain.MapDataset.source(steps).to_iter_dataset(reading)
  iterator = iter(dataset.mp_prefetch(processes, _start_worker))
  try:
    yield from _ahead(sent.batch for sent in iterator)
  finally:
    iterator.close()


def _start_worker(index: int, count: int) -> None:
  """Leaves it to the parent when to stop, also if that was killed."""
  del index, count
  for number in SIGNALS:
    signal.signal(number, signal.SIG_IGN)
  parent = multiprocessing.parent_process()

  def follow() -> None:
    parent.join()
    os._exit(1)

  threading.Thread(target=follow, daemon=True).start()


def epoch(
  pair: DomainPair, *, batch_size: int, seed: int, target_labels: bool
) -> Iterator[types.Batch]:
  """Yields every labelled training example once, raw, in a shuffled order.

  Args:
    pair: the two domains.
    batch_size: examples of a batch; the last one may be smaller.
    seed: of the order.
    target_labels: whether the labelled domain is the target.

  Yields:
    {'target': {'x', 'y'}} or {'source': {'x', 'y'}}.
  """
  name = 'target' if target_labels else 'source'
  examples = pair.target_train if target_labels else pair.source_train
  rows = np.random.default_rng(seed).permutation(len(examples.y))
  for start in range(0, len(rows), batch_size):
    indices = rows[start : start + batch_size]
    yield {name: {'x': examples.x[indices], 'y': examples.y[indices]}}
