"""Stochastic normalisation: BatchNorm that cannot lean on the batch.

Kou, You, Long and Wang, "Stochastic Normalization", NeurIPS 2020,
https://proceedings.neurips.cc/paper/2020/hash/bc573864331a9e42e4511de6f678aa83-Abstract.html
As in the authors' code the moving statistics are those before the update, and
one choice a channel holds for the whole batch. The bottleneck's BatchNorm is
replaced as well as the backbone's.
"""

from flax import linen as nn
import jax

from da_jax.models import interception
from da_jax.types import Method


def stochnorm(method: Method, *, p: float = 0.5) -> Method:
  """Makes every BatchNorm that a method trains a stochastic one.

  Args:
    method: any.
    p: probability, of each channel, of the batch's statistics; 1 is BatchNorm.

  Returns:
    The method; metrics as before.
  """

  def step(state, batch, key):
    key_step, key_norm = jax.random.split(key)
    with nn.intercept_methods(interception.stochastic_norm(key_norm, p)):
      return method.step(state, batch, key_step)

  return method._replace(step=step)
