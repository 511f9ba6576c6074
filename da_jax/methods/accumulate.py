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
    number = state.step

    def one(state, drawn):
      part, key = drawn
      # What is a function of the step is the same for all parts.
      return method.step(state._replace(step=number), part, key)

    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(count))
    # XLA compiles a loop's body once, but on CPU its convolutions run over ten
    # times slower there.
    unroll = jax.default_backend() == 'cpu'
    parts = _parts(batch, count), keys
    state, metrics = jax.lax.scan(one, state, parts, unroll=unroll)
    return state, jax.tree.map(lambda m: m.mean(0), metrics)

  return method._replace(step=step)


def _parts(batch: Batch, count: int) -> Batch:
  """Every count-th row: of each device as many, so that none moves."""
  return jax.tree.map(
    lambda x: x.reshape(-1, count, *x.shape[1:]).swapaxes(0, 1), batch
  )
