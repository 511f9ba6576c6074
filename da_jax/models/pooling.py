"""Pooling with torch's conventions, in slices, which XLA:CPU likes best.

The backward pass of `nn.max_pool` is slow there; the values are the same.
"""

import jax
from jax import lax
import jax.numpy as jnp

from da_jax.errors import UserError


def max_pool_2x2(x: jax.Array) -> jax.Array:
  """The maximum of each 2x2 window; ties share the gradient.

  Args:
    x: maps [n, h, w, c].

  Returns:
    Maps [n, h // 2, w // 2, c].

  Raises:
    UserError: a map is smaller than the window.
  """
  _check(x, 2)
  h, w = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
  x = jnp.maximum(x[:, 0:h:2, :w], x[:, 1:h:2, :w])
  return jnp.maximum(x[:, :, 0::2], x[:, :, 1::2])


def max_pool_3x3_s2(
  x: jax.Array, padding: tuple[int, int] = (1, 1)
) -> jax.Array:
  """The maximum of each second 3x3 window; ties share the gradient.

  Args:
    x: maps [n, h, w, c].
    padding: before and after both axes, never the maximum. (1, 1) is torch's
      `padding=1`, (0, 1) its `ceil_mode=True` and (0, 0) its default.

  Returns:
    Maps [n, h', w', c] with h' = (h + sum(padding) - 3) // 2 + 1.

  Raises:
    UserError: a padded map is smaller than the window.
  """
  _check(x, 3 - sum(padding))
  return _max_of_three(_max_of_three(x, 1, padding), 2, padding)


def adaptive_average_pool(x: jax.Array, size: int) -> jax.Array:
  """The mean of each of size x size windows, as torch's AdaptiveAvgPool2d.

  Window i of h entries is floor(i h / size) to ceil((i + 1) h / size): windows
  overlap where size does not divide h, and repeat where it exceeds h.

  Args:
    x: maps [n, h, w, c].
    size: of the result, in both directions.

  Returns:
    Maps [n, size, size, c].
  """
  for axis in (1, 2):
    length = x.shape[axis]
    windows = [
      lax.slice_in_dim(
        x, i * length // size, -(-(i + 1) * length // size), axis=axis
      )
      for i in range(size)
    ]
    x = jnp.concatenate([w.mean(axis, keepdims=True) for w in windows], axis)
  return x


def _max_of_three(x, axis, padding):
  edges = [(0, 0)] * x.ndim
  edges[axis] = padding
  x = jnp.pad(x, edges, constant_values=-jnp.inf)
  end = (x.shape[axis] - 3) // 2 * 2 + 1
  first, second, third = (
    lax.slice_in_dim(x, start, start + end, 2, axis) for start in range(3)
  )
  return jnp.maximum(jnp.maximum(first, second), third)


def _check(x, smallest) -> None:
  h, w = x.shape[1:3]
  if min(h, w) < smallest:
    raise UserError(
      f'A map of {h}x{w} is too small to pool: give the backbone larger images.'
    )
