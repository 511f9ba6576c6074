"""Batches of a pair: what a step sees is a function of (seed, step)."""

from collections.abc import Iterator
import concurrent.futures

from da_jax import types
from da_jax.data import order
from da_jax.data.pair import DomainPair

# Batches made ahead of the step that takes them, by one thread.
AHEAD = 2


def batch_at(
  pair: DomainPair,
  step: int,
  *,
  batch_size: int,
  seed: int,
  target_labels: bool,
) -> types.Batch:
  """The host batch of a step, raw.

  Args:
    pair: the two domains.
    step: counts from 0.
    batch_size: examples of each domain.
    seed: of the data order.
    target_labels: whether the setting gives them; then the source is left
      out, as fine-tuning has none.

  Returns:
    {'source': {'x', 'y'}, 'target': {'x'}}, or {'target': {'x', 'y'}}.

  Raises:
    UserError: a domain has fewer examples than the batch.
  """

  def draw(examples, domain, stream):
    indices = order.batch_indices(
      len(examples.y), batch_size, step, seed, stream, domain
    )
    return {'x': examples.x[indices], 'y': examples.y[indices]}

  target = draw(pair.target_train, pair.target, stream=1)
  if target_labels:
    return {'target': target}
  source = draw(pair.source_train, pair.source, stream=0)
  return {'source': source, 'target': {'x': target['x']}}


def batches(
  pair: DomainPair, start: int, stop: int, **settings
) -> Iterator[types.Batch]:
  """Yields `batch_at` for steps start..stop-1, decoded ahead in a thread."""
  with concurrent.futures.ThreadPoolExecutor(1) as pool:
    futures = {}
    for step in range(start, stop):
      for ahead in range(step, min(step + AHEAD + 1, stop)):
        if ahead not in futures:
          futures[ahead] = pool.submit(batch_at, pair, ahead, **settings)
      yield futures.pop(step).result()
