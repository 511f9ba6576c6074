"""The first layer of networks for time series and texts."""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax import types
from da_jax.errors import UserError
from da_jax.models import layers


class Embed(nn.Module):
  """Turns a time series or token ids into vectors and says which are real.

  A series takes a dense layer and is real throughout. An id i > 0 takes row i
  of a table, times sqrt(width) as in Vaswani et al. (2017), so that vectors
  start with entries of deviation 1; padding, id 0, is a vector of zeros.

  Attributes:
    width: entries of a vector.
    project: whether a series is projected, or keeps its channels.
    dtype: of the result; parameters are float32.
  """

  width: int
  project: bool = True
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Maps float [n, time, channels] or integer [n, time], padded at the end.

    Args:
      x: time series, or ids below `types.TOKENS`.

    Returns:
      The vectors [n, time, width or channels] and the mask [n, time].

    Raises:
      UserError: the examples are neither.
    """
    text = jnp.issubdtype(x.dtype, jnp.integer)
    if x.ndim != (2 if text else 3):
      raise UserError(
        f'Examples of shape {x.shape[1:]} and type {x.dtype} are neither time '
        'series [time, channels] nor token ids [length]: choose another '
        'backbone.'
      )
    if text:
      mask = x != 0
      vectors = nn.Embed(types.TOKENS, self.width, name='table')(x)
      vectors *= self.width**0.5 * mask[..., None]
      return vectors.astype(self.dtype), mask
    mask = jnp.ones(x.shape[:2], bool)
    if not self.project:
      return x.astype(self.dtype), mask
    return layers.Dense(self.width, self.dtype, name='dense')(x), mask


def masked_mean(x: jax.Array, mask: jax.Array) -> jax.Array:
  """Mean over the real positions; 0 where there are none.

  Args:
    x: [n, time, d].
    mask: [n, time].

  Returns:
    Rows [n, d] in float32.
  """
  weights = mask.astype(jnp.float32)
  weights /= jnp.maximum(weights.sum(1, keepdims=True), 1)
  return jnp.einsum('ntd,nt->nd', x.astype(jnp.float32), weights)
