"""Gradients accumulated over parts of a batch that is too large for memory."""

import jax
import jax.numpy as jnp

from da_jax.types import Batch, Method


def accumulate(method: Method, count: int) -> Method:
  """Splits a batch into parts, whose mean gradient makes one update.

  For losses that are means over examples this is the update of the whole
  batch. What couples examples sees one part at a time: BatchNorm's statistics
  (which move `count` times a step), MMD, CORAL and the like.

  Args:
    method: with an optimizer that is `optimizers.every(..., count)`.
    count: parts; it divides the batch.

  Returns:
    The method; metrics are means over the parts.
  """
  if count == 1:
    return method

  def step(state, batch, key):
    number, parts = state.step, []
    for part in range(count):
      # What is a function of the step is the same for all parts.
      state, metrics = method.step(
        state._replace(step=number),
        _part(batch, part, count),
        jax.random.fold_in(key, part),
      )
      parts.append(metrics)
    return state, jax.tree.map(lambda *m: jnp.mean(jnp.stack(m)), *parts)

  return method._replace(step=step)


def _part(batch: Batch, part: int, count: int) -> Batch:
  # Every count-th row: of each device as many, so that none moves.
  return jax.tree.map(lambda x: x[part::count], batch)
