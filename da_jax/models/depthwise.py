"""Depthwise convolutions as sums of shifted maps, fast on CPU.

XLA:CPU is slow at grouped convolutions, and slow to compile and to run the
backward pass that it would derive from the sums: that one is spelled out.
"""

import functools

import jax
from jax import lax
import jax.numpy as jnp

from da_jax.models import columns


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def convolve(
  x: jax.Array,
  kernel: jax.Array,
  strides: int,
  pads: tuple[tuple[int, int], ...],
) -> jax.Array:
  """Convolves each channel with its own filter, sums in float32.

  Args:
    x: [n, h, w, c].
    kernel: [size, size, 1, c].
    strides: step between outputs.
    pads: zeros before and after the rows and the columns.

  Returns:
    [n, h', w', c] in the dtype of `x`.
  """
  return _sum(x, kernel, strides, [(*pad, 0) for pad in pads])


def _forward(x, kernel, strides, pads):
  return convolve(x, kernel, strides, pads), (x, kernel)


def _backward(strides, pads, saved, cotangent):
  x, kernel = saved
  size = kernel.shape[0]
  edges = []
  for side, (low, high) in zip(x.shape[1:3], pads, strict=True):
    unread = (side + low + high - size) % strides
    edges.append((size - 1 - low, size - 1 - high + unread, strides - 1))
  to_x = _sum(cotangent, kernel[::-1, ::-1], 1, edges)

  padded = _pad(x, [(*pad, 0) for pad in pads])
  rows = cotangent.astype(jnp.float32).reshape(-1, x.shape[-1])
  n, h, w, c = cotangent.shape
  window = (n, (h - 1) * strides + 1, (w - 1) * strides + 1, c)

  def tap(place):
    shifted = lax.dynamic_slice(padded, (0, *place, 0), window)
    shifted = shifted[:, ::strides, ::strides].reshape(rows.shape)
    return columns.total(len(rows), shifted * rows)

  # A loop, because the program of each tap takes long to compile.
  places = jnp.indices((size, size)).reshape(2, -1)
  to_kernel = lax.map(tap, tuple(places)).reshape(kernel.shape)
  return to_x, to_kernel.astype(kernel.dtype)


convolve.defvjp(_forward, _backward)


def _pad(x, edges):
  edges = [(0, 0, 0), *edges, (0, 0, 0)]
  return lax.pad(x, jnp.zeros((), x.dtype), edges).astype(jnp.float32)


def _sum(x, kernel, strides, edges):
  dtype, size = x.dtype, kernel.shape[0]
  x = _pad(x, edges)
  h, w = ((side - size) // strides * strides + 1 for side in x.shape[1:3])
  total = 0.0
  for i in range(size):
    for j in range(size):
      shifted = x[:, i : i + h : strides, j : j + w : strides]
      factor = kernel[i, j, 0].astype(jnp.float32)
      count = shifted.size // factor.size
      total += shifted * columns.repeat(count, factor).reshape(shifted.shape)
  return total.astype(dtype)
