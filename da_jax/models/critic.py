"""Networks that tell domains apart."""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers


class DomainCritic(nn.Module):
  """Dense layers [, BatchNorm], ReLU [, dropout], then one logit.

  The defaults are the Transfer Learning Library's; the digits of the DANN
  paper have `widths=(100,), norm=False`.

  Attributes:
    widths: units of the hidden layers.
    norm: whether BatchNorm follows each of them.
    dropout: share of units dropped in training.
    dtype: of the hidden layers; the last one and all parameters are float32.
  """

  widths: tuple[int, ...] = (1024, 1024)
  norm: bool = True
  dropout: float = 0.0
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, z: jax.Array, train: bool) -> jax.Array:
    """Maps features [n, d] to float32 logits [n] of "is from the source"."""
    for i, width in enumerate(self.widths, start=1):
      z = layers.Dense(width, self.dtype, name=f'fc{i}')(z)
      if self.norm:
        norm = layers.BatchNorm(dtype=self.dtype, name=f'bn{i}')
        z = norm(z, use_running_average=not train)
      z = nn.Dropout(self.dropout)(nn.relu(z), deterministic=not train)
    z = z.astype(jnp.float32)
    return layers.Dense(1, name='head')(z)[:, 0]
