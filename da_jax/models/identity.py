"""No backbone, for data that are the features of one."""

from flax import linen as nn
import jax
import jax.numpy as jnp


class Identity(nn.Module):
  """Leaves features as they are."""

  depths = ()

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps features [n, d] to the same in float32."""
    del train
    return x.astype(jnp.float32)
