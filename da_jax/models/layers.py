"""Layers with torch's conventions, computed the way the backend likes best.

Parameters and statistics have the names and shapes of `flax.linen`'s layers;
values agree with them to float32 rounding. XLA:CPU is slow at 1x1
convolutions, at column sums and at the backward pass of `nn.max_pool`, so
these are matrix products and maxima of slices there.
"""

import functools
import math

from flax import linen as nn
import jax
from jax import lax
import jax.numpy as jnp

from da_jax import parallel


def torch_uniform(fan_in: int) -> nn.initializers.Initializer:
  """The default of torch's linear and convolution layers, weight and bias.

  Args:
    fan_in: inputs of one output unit.

  Returns:
    An initialiser that draws from U(-b, b) with b = 1 / sqrt(fan_in).
  """
  b = 1 / math.sqrt(fan_in)
  return lambda key, shape: jax.random.uniform(key, shape, minval=-b, maxval=b)


class Dense(nn.Module):
  """`nn.Dense` with torch's default initialisation."""

  features: int
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    """Maps [..., d] to [..., features]."""
    fan_in = x.shape[-1]
    init = torch_uniform(fan_in)
    kernel = self.param('kernel', init, (fan_in, self.features))
    bias = self.param('bias', init, (self.features,))
    # One flat product: XLA:CPU is slow at the gradient of one of higher rank.
    rows = x.astype(self.dtype).reshape(-1, fan_in)
    rows = rows @ kernel.astype(self.dtype) + bias.astype(self.dtype)
    return rows.reshape(*x.shape[:-1], self.features)


class Conv(nn.Module):
  """A square two-dimensional convolution with torch's symmetric padding.

  Attributes:
    features: output channels.
    kernel_size: height and width of the kernel.
    strides: step between outputs, the same in both directions.
    padding: zeros on each side of the map (torch's, unlike 'SAME').
    use_bias: whether to add a bias.
    kernel_init: of the kernel; None is torch's default, `torch_uniform`.
    dtype: of the computation; parameters are float32.
  """

  features: int
  kernel_size: int
  strides: int = 1
  padding: int = 0
  use_bias: bool = True
  kernel_init: nn.initializers.Initializer | None = None
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    """Maps [n, h, w, c] to [n, h', w', features]."""
    size = self.kernel_size
    shape = (size, size, x.shape[-1], self.features)
    init = torch_uniform(size * size * x.shape[-1])
    kernel = self.param('kernel', self.kernel_init or init, shape)
    x = _convolve(
      x.astype(self.dtype),
      kernel.astype(self.dtype),
      self.strides,
      self.padding,
    )
    if self.use_bias:
      x += self.param('bias', init, (self.features,)).astype(self.dtype)
    return x


class BatchNorm(nn.Module):
  """`nn.BatchNorm` over the global batch, also where it is split by a map.

  The variance is the biased one about the batch mean (two passes: the
  one-pass formula cancels where the mean is large against the deviation).
  Derivatives are reverse mode, to any order.

  Attributes:
    momentum: share of the old running statistics (1 - torch's momentum).
    epsilon: added to the variance.
    dtype: of the result; statistics are float32.
  """

  momentum: float = 0.9
  epsilon: float = 1e-5
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x: jax.Array, use_running_average: bool) -> jax.Array:
    """Normalises [..., c] over all axes but the last."""
    shape = x.shape[-1:]
    scale = self.param('scale', nn.initializers.ones, shape)
    bias = self.param('bias', nn.initializers.zeros, shape)
    old_mean = self.variable('batch_stats', 'mean', jnp.zeros, shape)
    old_var = self.variable('batch_stats', 'var', jnp.ones, shape)
    rows = x.astype(jnp.float32).reshape(-1, *shape)
    count = rows.shape[0]
    if use_running_average:
      mean, var = old_mean.value, old_var.value
      rows -= _repeat(count, mean)
    else:
      mean = parallel.mean(_column_sum(count, rows) / count)
      rows -= _repeat(count, mean)
      var = parallel.mean(_column_sum(count, rows**2) / count)
      if not self.is_initializing():
        keep = self.momentum
        old_mean.value = keep * old_mean.value + (1 - keep) * mean
        old_var.value = keep * old_var.value + (1 - keep) * var
    factor = lax.rsqrt(var + self.epsilon) * scale
    rows = rows * _repeat(count, factor) + _repeat(count, bias)
    return rows.reshape(x.shape).astype(self.dtype)


def max_pool_2x2(x: jax.Array) -> jax.Array:
  """Maps [n, h, w, c] to [n, h // 2, w // 2, c]; ties share the gradient."""
  h, w = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
  x = jnp.maximum(x[:, 0:h:2, :w], x[:, 1:h:2, :w])
  return jnp.maximum(x[:, :, 0::2], x[:, :, 1::2])


def max_pool_3x3_s2(x: jax.Array) -> jax.Array:
  """Maps [n, h, w, c] to [n, (h + 1) // 2, (w + 1) // 2, c], padded by 1."""
  return _max_of_three(_max_of_three(x, 1), 2)


def flatten(x: jax.Array) -> jax.Array:
  """Maps [n, h, w, c] to rows [n, c * h * w] in torch's order of entries."""
  return x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)


def _max_of_three(x: jax.Array, axis: int) -> jax.Array:
  edges = [(0, 0)] * x.ndim
  edges[axis] = (1, 1)
  size = x.shape[axis]
  x = jnp.pad(x, edges, constant_values=-jnp.inf)
  first, second, third = (
    lax.slice_in_dim(x, start, start + size, 2, axis) for start in range(3)
  )
  return jnp.maximum(jnp.maximum(first, second), third)


def _convolve(x, kernel, strides, padding):
  pointwise = kernel.shape[:2] == (1, 1) and padding == 0
  if pointwise and jax.default_backend() == 'cpu':
    x = x[:, ::strides, ::strides]
    # One flat product: the gradient of a rank-4 one is no faster than lax's.
    rows = x.reshape(-1, x.shape[-1]) @ kernel[0, 0]
    return rows.reshape(*x.shape[:-1], -1)
  return lax.conv_general_dilated(
    x,
    kernel,
    (strides, strides),
    [(padding, padding)] * 2,
    dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
  )


# Sums of columns and copies of a row are each other's transpose. Saying so
# makes the sums of the backward pass products with ones, too.
@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _column_sum(count, rows):
  if jax.default_backend() != 'cpu':
    return rows.sum(0)
  # One row of ones would be a product with a vector, which is not threaded.
  return (jnp.ones((4, count)) @ rows)[0]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _repeat(count, row):
  return jnp.broadcast_to(row, (count, *row.shape))


_column_sum.defvjp(
  lambda count, rows: (_column_sum(count, rows), None),
  lambda count, _, cotangent: (_repeat(count, cotangent),),
)
_repeat.defvjp(
  lambda count, row: (_repeat(count, row), None),
  lambda count, _, cotangent: (_column_sum(count, cotangent),),
)
