"""Sums of columns and copies of a row, each of them the other's transpose.

Saying so makes the sums of the backward pass products with ones, too, which
XLA:CPU computes faster than sums.
"""

import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def total(count: int, rows: jax.Array) -> jax.Array:
  """The sum [d] of `count` rows [count, d]."""
  if jax.default_backend() != 'cpu':
    return rows.sum(0)
  # One row of ones would be a product with a vector, which is not threaded.
  return (jnp.ones((4, count)) @ rows)[0]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def repeat(count: int, row: jax.Array) -> jax.Array:
  """A row [d] as `count` rows [count, d]."""
  return jnp.broadcast_to(row, (count, *row.shape))


total.defvjp(
  lambda count, rows: (total(count, rows), None),
  lambda count, _, cotangent: (repeat(count, cotangent),),
)
repeat.defvjp(
  lambda count, row: (repeat(count, row), None),
  lambda count, _, cotangent: (total(count, cotangent),),
)
