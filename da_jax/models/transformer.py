"""The encoder of a Transformer, with normalisation before each sublayer.

Vaswani et al., Attention is all you need, NeurIPS 2017
(https://arxiv.org/abs/1706.03762); the order of Xiong et al., On layer
normalization in the Transformer architecture, ICML 2020
(https://arxiv.org/abs/2002.04745), which trains without a warm-up.
"""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from da_jax.models import freezing, layers, sequence


class Layer(nn.Module):
  """x + dropout(attention(norm(x))), then the same with an MLP of 4 widths.

  Attributes:
    heads: of the attention.
    dropout: share of each sublayer's output dropped in training.
    dtype: of the computation; softmax and statistics are float32.
  """

  heads: int
  dropout: float
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, mask: jax.Array, train: bool) -> jax.Array:
    """Maps [n, time, d] to the same; none attends to what `mask` excludes."""
    width = x.shape[-1]
    drop = nn.Dropout(self.dropout, deterministic=not train)
    y = layers.layer_norm(self.dtype, 'norm1')(x)
    y = layers.Dense(3 * width, self.dtype, name='qkv')(y)
    y = attend(y, self.heads, mask)
    x += drop(layers.Dense(width, self.dtype, name='out')(y))
    y = layers.layer_norm(self.dtype, 'norm2')(x)
    y = layers.Dense(4 * width, self.dtype, name='fc1')(y)
    y = nn.gelu(y, approximate=False)
    return x + drop(layers.Dense(width, self.dtype, name='fc2')(y))


class Transformer(nn.Module):
  """An embedding with positions, layers, the mean over real positions.

  Attributes:
    width: of every layer, even.
    heads: of every layer's attention.
    count: of layers.
    dropout: share dropped of the embedding and of each sublayer's output.
    dtype: of the computation; parameters are float32.
    frozen: how many depths never run in training mode, see `freezing`.
  """

  width: int = 128
  heads: int = 4
  count: int = 2
  dropout: float = 0.1
  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  @property
  def depths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names of the depths from the input up, each with its submodules."""
    parts = [(f'layer{i}',) for i in range(1, self.count + 1)]
    parts[-1] += ('norm',)
    stages = ((f'stage{i}', part) for i, part in enumerate(parts, start=1))
    return ('stem', ('embed',)), *stages

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps a series or ids to features [n, width] in float32."""
    on = freezing.trained(self.frozen, self.count + 1)
    train_at = [train and depth for depth in on]
    embed = sequence.Embed(self.width, dtype=self.dtype, name='embed')
    x, mask = embed(x)
    x += sinusoids(x.shape[1], self.width).astype(self.dtype)
    x = nn.Dropout(self.dropout)(x, deterministic=not train_at[0])
    for i in range(1, self.count + 1):
      layer = Layer(self.heads, self.dropout, self.dtype, name=f'layer{i}')
      x = layer(x, mask, train_at[i])
    return sequence.masked_mean(layers.layer_norm(jnp.float32, 'norm')(x), mask)


def attend(
  qkv: jax.Array, heads: int, mask: jax.Array | None = None
) -> jax.Array:
  """Attention of all positions to all: softmax(q k^T / sqrt(d / heads)) v.

  Args:
    qkv: queries, keys, values [n, time, 3 d], each head by head.
    heads: that attend side by side.
    mask: [n, time], which positions are attended to; None is all.

  Returns:
    [n, time, d].
  """
  n, time, _ = qkv.shape
  q, k, v = jnp.split(qkv.reshape(n, time, 3 * heads, -1), 3, axis=2)
  mask = None if mask is None else mask[:, None, None]
  y = nn.dot_product_attention(q, k, v, mask=mask, force_fp32_for_softmax=True)
  return y.reshape(n, time, -1)


def sinusoids(time: int, width: int) -> np.ndarray:
  """Position p: sin(p / 10000^(2i/width)) at 2i, its cosine at 2i + 1.

  Args:
    time: number of positions.
    width: entries of each, even.

  Returns:
    float32 [time, width].
  """
  rates = 10_000.0 ** (-np.arange(0, width, 2) / width)
  angles = np.arange(time)[:, None] * rates
  both = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
  return both.reshape(time, width).astype(np.float32)
