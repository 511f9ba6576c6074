"""A multilayer perceptron, the backbone for rows of numbers."""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import freezing, layers


class Mlp(nn.Module):
  """Dense layers, each with ReLU and dropout.

  Attributes:
    widths: units of each layer.
    dropout: share of units dropped in training.
    dtype: of the computation; parameters are float32.
    frozen: how many depths never run in training mode, see `freezing`.
  """

  widths: tuple[int, ...] = (256, 256)
  dropout: float = 0.0
  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  @property
  def depths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names of the depths from the input up, each with its submodules."""
    names = ['stem', *(f'stage{i}' for i in range(1, len(self.widths)))]
    return tuple((name, (f'fc{i}',)) for i, name in enumerate(names, start=1))

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, ...] to features [n, widths[-1]] in float32."""
    x = x.reshape(x.shape[0], -1)
    on = freezing.trained(self.frozen, len(self.widths))
    for depth, width in enumerate(self.widths):
      off = not (train and on[depth])
      x = layers.Dense(width, self.dtype, name=f'fc{depth + 1}')(x)
      x = nn.Dropout(self.dropout)(nn.relu(x), deterministic=off)
    return x.astype(jnp.float32)
