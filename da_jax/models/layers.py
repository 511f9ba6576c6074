"""Layers with torch's conventions, computed the way the backend likes best.

Parameters and statistics have the names and shapes of `flax.linen`'s layers;
values agree with them to float32 rounding. XLA:CPU is slow at convolutions
without overlap, at depthwise ones and at column sums, so these are matrix
products and sums of shifted maps there.
"""

import math

from flax import linen as nn
import jax
from jax import lax
import jax.numpy as jnp

from da_jax import parallel
from da_jax.models import columns, depthwise


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
  """`nn.Dense` with torch's default initialisation where none is given."""

  features: int
  dtype: jnp.dtype = jnp.float32
  kernel_init: nn.initializers.Initializer | None = None
  bias_init: nn.initializers.Initializer | None = None

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    """Maps [..., d] to [..., features]."""
    fan_in = x.shape[-1]
    init = torch_uniform(fan_in)
    shape = (fan_in, self.features)
    kernel = self.param('kernel', self.kernel_init or init, shape)
    bias = self.param('bias', self.bias_init or init, shape[1:])
    # One flat product: XLA:CPU is slow at the gradient of one of higher rank.
    rows = x.astype(self.dtype).reshape(-1, fan_in)
    rows = rows @ kernel.astype(self.dtype) + bias.astype(self.dtype)
    return rows.reshape(*x.shape[:-1], self.features)


class Conv(nn.Module):
  """A square two-dimensional convolution.

  Attributes:
    features: output channels.
    kernel_size: height and width of the kernel.
    strides: step between outputs, the same in both directions.
    padding: zeros on each side of the map (torch's), or 'SAME' (TensorFlow's,
      which may put one more at the end than at the beginning).
    use_bias: whether to add a bias.
    kernel_init: of the kernel; None is torch's default, `torch_uniform`.
    dtype: of the computation; parameters are float32.
    groups: of input and of output channels, convolved group by group.
    bias_init: of the bias; None is torch's default.
  """

  features: int
  kernel_size: int
  strides: int = 1
  padding: int | str = 0
  use_bias: bool = True
  kernel_init: nn.initializers.Initializer | None = None
  dtype: jnp.dtype = jnp.float32
  groups: int = 1
  bias_init: nn.initializers.Initializer | None = None

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    """Maps [n, h, w, c] to [n, h', w', features]."""
    size = self.kernel_size
    shape = (size, size, x.shape[-1] // self.groups, self.features)
    init = torch_uniform(math.prod(shape[:3]))
    kernel = self.param('kernel', self.kernel_init or init, shape)
    x = _convolve(
      x.astype(self.dtype),
      kernel.astype(self.dtype),
      self.strides,
      self._pads(x),
      self.groups,
    )
    if self.use_bias:
      bias = self.param('bias', self.bias_init or init, shape[3:])
      x += bias.astype(self.dtype)
    return x

  def _pads(self, x: jax.Array) -> list[tuple[int, int]]:
    if self.padding != 'SAME':
      return [(self.padding, self.padding)] * 2
    size, strides = [self.kernel_size] * 2, [self.strides] * 2
    return lax.padtype_to_pads(x.shape[1:3], size, strides, 'SAME')


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
      rows -= columns.repeat(count, mean)
    else:
      mean = parallel.mean(columns.total(count, rows) / count)
      rows -= columns.repeat(count, mean)
      var = parallel.mean(columns.total(count, rows**2) / count)
      if not self.is_initializing():
        keep = self.momentum
        old_mean.value = keep * old_mean.value + (1 - keep) * mean
        old_var.value = keep * old_var.value + (1 - keep) * var
    factor = lax.rsqrt(var + self.epsilon) * scale
    rows = rows * columns.repeat(count, factor) + columns.repeat(count, bias)
    return rows.reshape(x.shape).astype(self.dtype)


def layer_norm(
  dtype: jnp.dtype, name: str, epsilon: float = 1e-5
) -> nn.LayerNorm:
  """LayerNorm with torch's epsilon and a variance that cannot cancel."""
  return nn.LayerNorm(epsilon, dtype, use_fast_variance=False, name=name)


def flatten(x: jax.Array) -> jax.Array:
  """Maps [n, h, w, c] to rows [n, c * h * w] in torch's order of entries."""
  return x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)


def _convolve(x, kernel, strides, pads, groups):
  on_cpu = jax.default_backend() == 'cpu'
  if on_cpu and kernel.shape[2:] == (1, groups) and groups > 1:
    return depthwise.convolve(x, kernel, strides, tuple(pads))
  unpadded = all(pad == (0, 0) for pad in pads)
  if on_cpu and kernel.shape[0] in (1, strides) and unpadded and groups == 1:
    x = _patches(x, kernel.shape[0], strides)
    # One flat product: the gradient of a rank-4 one is no faster than lax's.
    rows = x.reshape(-1, x.shape[-1]) @ kernel.reshape(x.shape[-1], -1)
    return rows.reshape(*x.shape[:-1], -1)
  return lax.conv_general_dilated(
    x,
    kernel,
    (strides, strides),
    pads,
    dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
    feature_group_count=groups,
  )


def _patches(x, size, strides):
  """What each output of a convolution without overlap sees, as one vector."""
  if size == 1:
    return x[:, ::strides, ::strides]
  n, h, w = x.shape[0], x.shape[1] // size, x.shape[2] // size
  x = x[:, : h * size, : w * size].reshape(n, h, size, w, size, -1)
  return x.swapaxes(2, 3).reshape(n, h, w, -1)
