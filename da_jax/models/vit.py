"""Vision Transformers whose parameters carry the names of timm's.

Dosovitskiy et al., An image is worth 16x16 words: Transformers for image
recognition at scale, ICLR 2021 (https://arxiv.org/abs/2010.11929), without the
layer that classifies. The files of DINOv2 (Oquab et al., TMLR 2024) have the
names, too, and a LayerScale (Touvron et al., ICCV 2021) of each sublayer.
"""

import functools

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.errors import UserError
from da_jax.models import layers, positions, transformer

# timm cuts these normals off only at -2 and 2.
_Dense = functools.partial(
  layers.Dense,
  kernel_init=nn.initializers.normal(0.02),
  bias_init=nn.initializers.zeros,
)
_EPSILON = 1e-6


class Block(nn.Module):
  """x + ls1 * attention(norm1(x)), then the same with an MLP of 4 widths.

  Attributes:
    heads: of the attention.
    layer_scale: first value of `ls1` and `ls2`; None has none.
    dtype: of the computation; softmax and statistics are float32.
  """

  heads: int
  layer_scale: float | None
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    """Maps [n, time, d] to the same."""
    dense = functools.partial(_Dense, dtype=self.dtype)
    width = x.shape[-1]
    y = layers.layer_norm(self.dtype, 'norm1', _EPSILON)(x)
    y = dense(3 * width, name='attn.qkv')(y)
    y = dense(width, name='attn.proj')(transformer.attend(y, self.heads))
    x += self._scaled('ls1', y)
    y = layers.layer_norm(self.dtype, 'norm2', _EPSILON)(x)
    y = nn.gelu(dense(4 * width, name='mlp.fc1')(y), approximate=False)
    return x + self._scaled('ls2', dense(width, name='mlp.fc2')(y))

  def _scaled(self, name, y):
    if self.layer_scale is None:
      return y
    init = nn.initializers.constant(self.layer_scale)
    gamma = self.param(f'{name}.gamma', init, y.shape[-1:])
    return y * gamma.astype(self.dtype)


class Vit(nn.Module):
  """Patches with positions and a class token, blocks, the token's features.

  Attributes:
    width: of every block.
    heads: of every block's attention.
    count: of blocks.
    patch: side of a patch in pixels.
    image_size: side of the images that `pos_embed` is for; those of others
      have it resized.
    layer_scale: of the blocks; DINOv2's files need one.
    dtype: of the computation; parameters are float32.
    frozen: how many leading depths never run in training mode; without
      BatchNorm and dropout that changes nothing.
  """

  width: int
  heads: int
  count: int = 12
  patch: int = 16
  image_size: int = 224
  layer_scale: float | None = None
  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  @property
  def depths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names of the depths from the input up, each with its parameters."""
    parts = [(f'blocks.{i}',) for i in range(self.count)]
    parts[-1] += ('norm',)
    stages = ((f'stage{i}', part) for i, part in enumerate(parts, start=1))
    return ('stem', ('patch_embed.proj', 'cls_token', 'pos_embed')), *stages

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, 3] to features [n, width] in float32.

    Raises:
      UserError: the sides of the images are not multiples of `patch`.
    """
    h, w = x.shape[1:3]
    if h % self.patch or w % self.patch:
      raise UserError(
        f'Images of {h} x {w} pixels are not whole patches of {self.patch} x '
        f'{self.patch}: choose --image_size as a multiple of {self.patch}.'
      )
    p, dtype = self.patch, self.dtype
    x = layers.Conv(self.width, p, p, dtype=dtype, name='patch_embed.proj')(x)
    x = self._embed(x)
    for i in range(self.count):
      x = Block(self.heads, self.layer_scale, dtype, name=f'blocks.{i}')(x)
    return layers.layer_norm(jnp.float32, 'norm', _EPSILON)(x[:, 0])

  def _embed(self, x):
    (n, *grid, width), side = x.shape, self.image_size // self.patch
    init = nn.initializers.normal
    token = self.param('cls_token', init(1e-6), (1, 1, width))
    where = self.param('pos_embed', init(0.02), (1, 1 + side**2, width))
    where = positions.resize(where, tuple(grid)).astype(self.dtype)
    token = jnp.broadcast_to(token.astype(self.dtype), (n, 1, width))
    return jnp.concatenate([token, x.reshape(n, -1, width)], 1) + where


vit_s16 = functools.partial(Vit, 384, 6)
vit_b16 = functools.partial(Vit, 768, 12)
