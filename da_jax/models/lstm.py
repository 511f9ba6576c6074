"""A recurrent network with long short-term memory.

Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 1997;
with the forget gate of Gers, Schmidhuber and Cummins, 2000.
"""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import freezing, sequence


class Lstm(nn.Module):
  """An embedding and layers of LSTM, with dropout between them.

  Attributes:
    widths: units of each layer; the first also of the embedding.
    dropout: share of inputs of every layer but the first that are dropped in
      training.
    dtype: of the computation; parameters and cell states are float32.
    frozen: how many depths never run in training mode, see `freezing`.
  """

  widths: tuple[int, ...] = (128, 128)
  dropout: float = 0.1
  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  @property
  def depths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names of the depths from the input up, each with its submodules."""
    count = len(self.widths)
    stages = ((f'stage{i}', (f'lstm{i}',)) for i in range(1, count + 1))
    return ('stem', ('embed',)), *stages

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps a series or ids to the last real hidden state, float32 [n, d].

    For a text without words this is the state after one padding.
    """
    on = freezing.trained(self.frozen, len(self.depths))
    embed = sequence.Embed(self.widths[0], dtype=self.dtype, name='embed')
    x, mask = embed(x)
    for depth, width in enumerate(self.widths, start=1):
      if depth > 1:
        off = not (train and on[depth])
        x = nn.Dropout(self.dropout)(x, deterministic=off)
      # Without a parent here, so that its parameters lie under `lstm...`.
      cell = nn.OptimizedLSTMCell(width, dtype=self.dtype, parent=None)
      x = nn.RNN(cell, name=f'lstm{depth}')(x)
    # States before the padding do not know of it.
    last = jnp.maximum(mask.sum(1) - 1, 0)[:, None, None]
    x = jnp.take_along_axis(x, last, axis=1)[:, 0]
    return x.astype(jnp.float32)
