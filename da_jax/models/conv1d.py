"""The convolutional network of the adaptation literature for time series.

Ragab et al., ADATIME: a benchmarking suite for domain adaptation on time
series data, TKDD 2023 (https://arxiv.org/abs/2203.08321). As their 'CNN' for
human activities: kernels of 5, 8 and 8 at stride 1, dropout after the first
block, one mean over time. For texts an embedding comes before it.
"""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import freezing, layers, sequence


class Block(nn.Module):
  """Convolution, BatchNorm, ReLU, maximum over pairs of positions, dropout.

  Both convolution and maximum pad as torch does, so that a sequence of length
  l becomes one of length l // 2 + 1 (kernel odd) or (l + 1) // 2 + 1 (even).

  Attributes:
    width: channels of the result.
    size: of the kernel.
    dropout: share of entries dropped in training.
    dtype: of the computation; parameters and statistics are float32.
  """

  width: int
  size: int
  dropout: float
  dtype: jnp.dtype

  @nn.compact
  def __call__(
    self, x: jax.Array, lengths: jax.Array, train: bool
  ) -> tuple[jax.Array, jax.Array]:
    """Maps [n, time, c], zero from `lengths` on, and [n] to the same."""
    shape = (self.size, x.shape[-1], self.width)
    init = layers.torch_uniform(self.size * x.shape[-1])
    kernel = self.param('kernel', init, shape).astype(self.dtype)
    x = _convolve(x, kernel)
    lengths += 1 - self.size % 2
    bn = layers.BatchNorm(dtype=self.dtype, name='bn')
    x = nn.relu(bn(x, use_running_average=not train))
    # Zeros are out of the way of a maximum of what ReLU returns.
    x = _max_of_pairs(jnp.where(_mask(x, lengths)[..., None], x, 0))
    lengths = lengths // 2 + 1
    x = nn.Dropout(self.dropout)(x, deterministic=not train)
    return x, lengths


class Stem(nn.Module):
  """The first block, after the embedding where the input is a text."""

  width: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    """Maps a series or ids to [n, time', width] and lengths [n]."""
    embed = sequence.Embed(
      self.width, project=False, dtype=self.dtype, name='embed'
    )
    x, mask = embed(x)
    block = Block(self.width, 5, 0.5, self.dtype, name='block')
    return block(x, mask.sum(1), train)


class Conv1d(nn.Module):
  """Three blocks of 64, 128 and 128 channels and the mean over time.

  In training the statistics of BatchNorm count padded positions, too.

  Attributes:
    dtype: of the computation; parameters and statistics are float32.
    frozen: how many depths never run in training mode, see `freezing`.
  """

  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  depths = (
    ('stem', ('stem',)),
    ('stage1', ('block2',)),
    ('stage2', ('block3',)),
  )

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps a series or ids to features [n, 128] in float32."""
    train_at = [train and on for on in freezing.trained(self.frozen, 3)]
    x, lengths = Stem(64, self.dtype, name='stem')(x, train_at[0])
    for i in (1, 2):
      block = Block(128, 8, 0.0, self.dtype, name=f'block{i + 1}')
      x, lengths = block(x, lengths, train_at[i])
    return sequence.masked_mean(x, _mask(x, lengths))


def _mask(x, lengths):
  return jnp.arange(x.shape[1]) < lengths[:, None]


def _convolve(x, kernel):
  # As one product: XLA:CPU needs 50 times as long for the gradient of its own
  # convolution where the kernel is even.
  size = kernel.shape[0]
  x = jnp.pad(x, ((0, 0), (size // 2, size // 2), (0, 0)))
  time = x.shape[1] - size + 1
  windows = [x[:, i : i + time] for i in range(size)]
  rows = jnp.concatenate(windows, axis=-1).reshape(-1, size * x.shape[-1])
  product = rows @ kernel.reshape(-1, kernel.shape[-1])
  return product.reshape(x.shape[0], time, -1)


def _max_of_pairs(x):
  odd = x.shape[1] % 2
  x = jnp.pad(x, ((0, 0), (1, 1 - odd), (0, 0)))
  return jnp.maximum(x[:, 0::2], x[:, 1::2])
