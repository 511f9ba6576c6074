"""MobileNetV2 whose submodules carry the names of torchvision's.

Sandler et al., MobileNetV2: inverted residuals and linear bottlenecks, CVPR
2018 (https://arxiv.org/abs/1801.04381), without the layers that classify.
"""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers

# Expansion, channels, number of blocks, stride of the first of them.
_SETTINGS = (
  *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
  *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
_BLOCKS = tuple(
  (expansion, width, strides if i == 0 else 1)
  for expansion, width, count, strides in _SETTINGS
  for i in range(count)
)
# First and last part of each depth above the stem: those of one resolution.
_STAGES = ((1, 1), (2, 3), (4, 6), (7, 13), (14, 18))


class ConvNorm(nn.Module):
  """A convolution, BatchNorm and ReLU6."""

  features: int
  kernel_size: int
  strides: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, h, w, c] to [n, h / strides, w / strides, features]."""
    shape = (self.features, self.kernel_size, self.strides, 1)
    return nn.relu6(_conv_norm(x, shape, self.dtype, ('0', '1'), train))


class InvertedResidual(nn.Module):
  """1x1 to many channels, depthwise 3x3, 1x1 to few without ReLU6.

  Attributes:
    expansion: channels inside for each outside; 1 has no first convolution.
    features: output channels.
    strides: of the depthwise convolution.
    dtype: of the computation.
  """

  expansion: int
  features: int
  strides: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, h, w, c] to [n, h / strides, w / strides, features]."""
    inner, y = self.expansion * x.shape[-1], x
    shapes = [(inner, 1, 1, 1), (inner, 3, self.strides, inner)]
    shapes = shapes[self.expansion == 1 :]
    for i, shape in enumerate(shapes):
      names = (f'conv.{i}.0', f'conv.{i}.1')
      y = nn.relu6(_conv_norm(y, shape, self.dtype, names, train))
    names = (f'conv.{len(shapes)}', f'conv.{len(shapes) + 1}')
    shape = (self.features, 1, 1, 1)
    y = _conv_norm(y, shape, self.dtype, names, train)
    return x + y if x.shape == y.shape else y


class MobileNetV2(nn.Module):
  """Seventeen inverted residuals between two convolutions.

  Attributes:
    dtype: of the computation; parameters and statistics are float32.
    frozen: how many leading depths never run in training mode.
  """

  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  depths = (
    ('stem', ('features.0',)),
    *(
      (f'stage{i}', tuple(f'features.{j}' for j in range(first, last + 1)))
      for i, (first, last) in enumerate(_STAGES, start=1)
    ),
  )

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, 3] to features [n, 1280] in float32."""
    train_at = [train and d >= self.frozen for d in range(len(self.depths))]
    x = ConvNorm(32, 3, 2, self.dtype, name='features.0')(x, train_at[0])
    for depth, (first, last) in enumerate(_STAGES, start=1):
      for i in range(first, min(last, len(_BLOCKS)) + 1):
        block = InvertedResidual(
          *_BLOCKS[i - 1], self.dtype, name=f'features.{i}'
        )
        x = block(x, train_at[depth])
    top = ConvNorm(1280, 1, 1, self.dtype, name='features.18')
    return top(x, train_at[-1]).astype(jnp.float32).mean((1, 2))


def _conv_norm(x, shape, dtype, names, train):
  features, size, strides, groups = shape
  conv = layers.Conv(
    features,
    size,
    strides,
    size // 2,
    use_bias=False,
    kernel_init=nn.initializers.variance_scaling(2.0, 'fan_out', 'normal'),
    dtype=dtype,
    groups=groups,
    name=names[0],
  )
  norm = layers.BatchNorm(dtype=dtype, name=names[1])
  return norm(conv(x), use_running_average=not train)
