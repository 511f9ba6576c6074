"""ConvNeXt whose parameters carry the names of torchvision's.

Liu et al., A ConvNet for the 2020s, CVPR 2022
(https://arxiv.org/abs/2201.03545), without the layer that classifies, whose
LayerNorm is part of the features.
"""

import functools

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from da_jax.models import layers

# torchvision cuts these normals off only at -2 and 2.
_INIT = {
  'kernel_init': nn.initializers.normal(0.02),
  'bias_init': nn.initializers.zeros,
}
_Conv = functools.partial(layers.Conv, **_INIT)
_Dense = functools.partial(layers.Dense, **_INIT)
_norm = functools.partial(layers.layer_norm, epsilon=1e-6)


class Stem(nn.Module):
  """A 4x4 convolution of stride 4 and LayerNorm."""

  features: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    """Maps [n, h, w, 3] to [n, h / 4, w / 4, features]."""
    x = _Conv(self.features, 4, 4, dtype=self.dtype, name='0')(x)
    return _norm(self.dtype, '1')(x)


class Downsample(nn.Module):
  """LayerNorm and a 2x2 convolution of stride 2."""

  features: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    """Maps [n, h, w, c] to [n, h / 2, w / 2, features]."""
    x = _norm(self.dtype, '0')(x)
    return _Conv(self.features, 2, 2, dtype=self.dtype, name='1')(x)


class Block(nn.Module):
  """x + drop(layer_scale * mlp(norm(depthwise 7x7(x))))."""

  drop: float  # share of examples without the sum in training
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, h, w, c] to the same."""
    width, dtype = x.shape[-1], self.dtype
    y = _Conv(width, 7, 1, 3, dtype=dtype, groups=width, name='block.0')(x)
    y = _norm(dtype, 'block.2')(y)
    y = nn.gelu(_Dense(4 * width, dtype, name='block.3')(y), approximate=False)
    y = _Dense(width, dtype, name='block.5')(y)
    init = nn.initializers.constant(1e-6)
    scale = self.param('layer_scale', init, (width, 1, 1))
    y *= scale.reshape(-1).astype(dtype)
    drop = nn.Dropout(self.drop, broadcast_dims=(1, 2, 3))
    return x + drop(y, deterministic=not train)


class Stage(nn.Module):
  """Blocks of one width."""

  drops: tuple[float, ...]
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, h, w, c] to the same."""
    for i, drop in enumerate(self.drops):
      x = Block(drop, self.dtype, name=str(i))(x, train)
    return x


class ConvNext(nn.Module):
  """Four stages of blocks, each of twice the channels of the one before.

  Attributes:
    counts: blocks of each stage.
    width: channels of the first stage.
    stochastic_depth: `drop` of the last block; it rises linearly from 0.
    dtype: of the computation; parameters are float32.
    frozen: how many leading depths never run in training mode.
  """

  counts: tuple[int, int, int, int]
  width: int
  stochastic_depth: float = 0.1
  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  depths = (
    ('stem', ('features.0',)),
    ('stage1', ('features.1',)),
    ('stage2', ('features.2', 'features.3')),
    ('stage3', ('features.4', 'features.5')),
    ('stage4', ('features.6', 'features.7', 'classifier.0')),
  )

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, 3] to features [n, 8 width] in float32."""
    drops = np.linspace(0, self.stochastic_depth, sum(self.counts))
    drops = np.split(drops, np.cumsum(self.counts)[:-1])
    x = Stem(self.width, self.dtype, name='features.0')(x)
    for i in range(4):
      if i:
        down = Downsample(x.shape[-1] * 2, self.dtype, name=f'features.{2 * i}')
        x = down(x)
      rates = tuple(drops[i].tolist())
      stage = Stage(rates, self.dtype, name=f'features.{2 * i + 1}')
      x = stage(x, train and i + 1 >= self.frozen)
    x = x.astype(jnp.float32).mean((1, 2))
    return _norm(jnp.float32, 'classifier.0')(x)


convnext_tiny = functools.partial(ConvNext, (3, 3, 9, 3), 96)
