"""Residual networks for 32x32 images.

He, Zhang, Ren and Sun, Deep residual learning for image recognition, CVPR
2016, section 4.2 (https://arxiv.org/abs/1512.03385): shortcuts without
parameters (option A). Submodules have the names of
https://github.com/akamaster/pytorch_resnet_cifar10.
"""

import functools

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers


class Block(nn.Module):
  """Two 3x3 convolutions with BatchNorm beside a shortcut.

  Attributes:
    width: channels of both convolutions.
    strides: of the first one.
    dtype: of the computation.
  """

  width: int
  strides: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, h, w, c] to [n, h / strides, w / strides, width]."""
    y = _conv_norm(x, 1, self.width, self.strides, self.dtype, train)
    y = _conv_norm(nn.relu(y), 2, self.width, 1, self.dtype, train)
    x = x[:, :: self.strides, :: self.strides]
    before = (self.width - x.shape[-1]) // 2
    after = self.width - x.shape[-1] - before
    x = jnp.pad(x, [(0, 0)] * 3 + [(before, after)])
    return nn.relu(x + y)


class Stage(nn.Module):
  """Residual blocks of one width; the first of them has the stride."""

  count: int
  width: int
  strides: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, h, w, c] to [n, h / strides, w / strides, width]."""
    for i in range(self.count):
      strides = self.strides if i == 0 else 1
      x = Block(self.width, strides, self.dtype, name=str(i))(x, train)
    return x


class CifarResNet(nn.Module):
  """A residual network of 6 count + 2 layers, the classification layer too.

  Attributes:
    count: residual blocks of each of the three stages.
    dtype: of the computation; parameters and statistics are float32.
    frozen: how many leading depths never run in training mode.
  """

  count: int
  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  depths = (
    ('stem', ('conv1', 'bn1')),
    *((f'stage{i}', (f'layer{i}',)) for i in range(1, 4)),
  )

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, 3] to features [n, 64] in float32."""
    train_at = [train and depth >= self.frozen for depth in range(4)]
    x = nn.relu(_conv_norm(x, 1, 16, 1, self.dtype, train_at[0]))
    for i, width in enumerate((16, 32, 64), start=1):
      strides = 1 if i == 1 else 2
      stage = Stage(self.count, width, strides, self.dtype, name=f'layer{i}')
      x = stage(x, train_at[i])
    return x.astype(jnp.float32).mean((1, 2))


def _conv_norm(x, index, features, strides, dtype, train):
  conv = layers.Conv(
    features,
    3,
    strides,
    1,
    use_bias=False,
    kernel_init=nn.initializers.he_normal(),
    dtype=dtype,
    name=f'conv{index}',
  )
  norm = layers.BatchNorm(dtype=dtype, name=f'bn{index}')
  return norm(conv(x), use_running_average=not train)


cifar_resnet20 = functools.partial(CifarResNet, 3)
cifar_resnet56 = functools.partial(CifarResNet, 9)
