"""Residual networks whose submodules carry the names of torchvision's.

He, Zhang, Ren and Sun, Deep residual learning for image recognition, CVPR
2016 (https://arxiv.org/abs/1512.03385). As torchvision's: symmetric padding,
stride in the 3x3 convolution of a bottleneck ("v1.5"), no classification layer.
ResNeXt (Xie et al., Aggregated residual transformations, CVPR 2017) groups that
convolution; wide ones (Zagoruyko and Komodakis, BMVC 2016) widen it.
"""

from collections.abc import Callable
import functools

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers, pooling

_Conv = functools.partial(
  layers.Conv,
  use_bias=False,
  kernel_init=nn.initializers.variance_scaling(2.0, 'fan_out', 'normal'),
)


class Downsample(nn.Module):
  """The projection of a shortcut whose shape changes."""

  features: int
  strides: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, h, w, c] to [n, h / strides, w / strides, features]."""
    conv = _Conv(self.features, 1, self.strides, dtype=self.dtype, name='0')
    norm = layers.BatchNorm(dtype=self.dtype, name='1')
    return norm(conv(x), use_running_average=not train)


class Block(nn.Module):
  """A residual block: convolutions with BatchNorm beside a shortcut.

  Attributes:
    width: channels of the block, or a quarter of them if deep.
    strides: of the block.
    deep: 1x1, 3x3, 1x1 to four times the width instead of two 3x3.
    dtype: of the computation.
    groups: of the 3x3 convolution of a deep block.
    group_width: its channels in each group, for 64 of `width`.
  """

  width: int
  strides: int
  deep: bool
  dtype: jnp.dtype
  groups: int = 1
  group_width: int = 64

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, h, w, c] to [n, h / strides, w / strides, width or 4 width]."""
    y = x
    for i, (features, size, strides) in enumerate(self._convolutions(), 1):
      y = nn.relu(y) if i > 1 else y
      conv = _Conv(
        features,
        size,
        strides,
        size // 2,
        dtype=self.dtype,
        groups=self.groups if size == 3 else 1,
        name=f'conv{i}',
      )
      norm = layers.BatchNorm(dtype=self.dtype, name=f'bn{i}')
      y = norm(conv(y), use_running_average=not train)
    if self.strides > 1 or x.shape[-1] != y.shape[-1]:
      shortcut = Downsample(
        y.shape[-1], self.strides, self.dtype, name='downsample'
      )
      x = shortcut(x, train)
    return nn.relu(x + y)

  def _convolutions(self) -> tuple[tuple[int, int, int], ...]:
    width, strides = self.width, self.strides
    if self.deep:
      inner = width * self.group_width // 64 * self.groups
      return (inner, 1, 1), (inner, 3, strides), (4 * width, 1, 1)
    return (width, 3, strides), (width, 3, 1)


class Stage(nn.Module):
  """Residual blocks of one width; the first of them has the stride."""

  count: int
  block: Callable[..., Block]
  strides: int

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, h, w, c] to [n, h / strides, w / strides, c']."""
    for i in range(self.count):
      strides = self.strides if i == 0 else 1
      x = self.block(strides=strides, name=str(i))(x, train)
    return x


class ResNet(nn.Module):
  """A residual network of four stages.

  Attributes:
    counts: residual blocks of each stage.
    deep: whether the blocks have three convolutions instead of two.
    dtype: of the computation; parameters and statistics are float32.
    frozen: how many leading depths never run in training mode.
    groups: of the 3x3 convolution of deep blocks.
    group_width: its channels in each group, in the first stage.
  """

  counts: tuple[int, int, int, int]
  deep: bool
  dtype: jnp.dtype = jnp.float32
  frozen: int = 0
  groups: int = 1
  group_width: int = 64

  depths = (
    ('stem', ('conv1', 'bn1')),
    *((f'stage{i}', (f'layer{i}',)) for i in range(1, 5)),
  )

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, 3] to features [n, 512 or 2048] in float32."""
    train_at = [train and depth >= self.frozen for depth in range(5)]
    x = _Conv(64, 7, 2, 3, dtype=self.dtype, name='conv1')(x)
    norm = layers.BatchNorm(dtype=self.dtype, name='bn1')
    x = nn.relu(norm(x, use_running_average=not train_at[0]))
    x = pooling.max_pool_3x3_s2(x)
    for i, count in enumerate(self.counts, start=1):
      block = functools.partial(
        Block,
        64 * 2 ** (i - 1),
        deep=self.deep,
        dtype=self.dtype,
        groups=self.groups,
        group_width=self.group_width,
      )
      stage = Stage(count, block, 1 if i == 1 else 2, name=f'layer{i}')
      x = stage(x, train_at[i])
    return x.astype(jnp.float32).mean((1, 2))


resnet18 = functools.partial(ResNet, (2, 2, 2, 2), False)
resnet34 = functools.partial(ResNet, (3, 4, 6, 3), False)
resnet50 = functools.partial(ResNet, (3, 4, 6, 3), True)
resnet101 = functools.partial(ResNet, (3, 4, 23, 3), True)
resnet152 = functools.partial(ResNet, (3, 8, 36, 3), True)
resnext50 = functools.partial(resnet50, groups=32, group_width=4)
wide_resnet50 = functools.partial(resnet50, group_width=128)
