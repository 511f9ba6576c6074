"""A queue of keys for every class, as a part of `State.variables`."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from da_jax import losses
from da_jax.types import PyTree

NEXT = 'next'


def empty(num_classes: int, size: int, widths: Mapping[str, int]) -> PyTree:
  """The place of `size` keys of each class.

  Args:
    num_classes: k.
    size: keys of a class.
    widths: name of a kind of keys to its width.

  Returns:
    {name: zeros [k, size, width]} and 'next', int32 [k], the oldest of each.
  """
  kinds = {
    name: jnp.zeros((num_classes, size, d)) for name, d in widths.items()
  }
  return {**kinds, NEXT: jnp.zeros(num_classes, jnp.int32)}


def noise(key: jax.Array, queue: PyTree) -> PyTree:
  """A queue of random unit vectors, as TLlib begins with.

  Args:
    key: PRNG key.
    queue: of `empty`.

  Returns:
    A queue of the same shapes.
  """
  kinds = {name: rows for name, rows in queue.items() if name != NEXT}
  keys = jax.random.split(key, len(kinds))
  for key_n, (name, rows) in zip(keys, sorted(kinds.items()), strict=True):
    flat = jax.random.normal(
      key_n, (rows.shape[0] * rows.shape[1], rows.shape[2])
    )
    kinds[name] = losses.normalize(flat).reshape(rows.shape)
  return {**kinds, NEXT: jnp.zeros_like(queue[NEXT])}


def enqueue(queue: PyTree, keys: Mapping[str, jax.Array], y: jax.Array):
  """Puts the keys of a batch in the place of their classes' oldest.

  Args:
    queue: of `empty`.
    keys: each kind's keys [n, width].
    y: int32 [n], their classes.

  Returns:
    The queue as after n single insertions in order.
  """
  size = next(rows for name, rows in queue.items() if name != NEXT).shape[1]
  same = y[:, None] == y[None, :]
  earlier = jnp.sum(jnp.tril(same, -1), axis=1)
  later = jnp.sum(jnp.triu(same, 1), axis=1)
  slot = (queue[NEXT][y] + earlier) % size
  # What the batch itself would push out again is not put in.
  slot = jnp.where(later < size, slot, size)
  counts = jnp.bincount(y, length=len(queue[NEXT]))
  kinds = {
    name: queue[name].at[y, slot].set(rows, mode='drop')
    for name, rows in keys.items()
  }
  return {**kinds, NEXT: ((queue[NEXT] + counts) % size).astype(jnp.int32)}
