"""Gradual unfreezing and discriminative learning rates.

Howard and Ruder, "Universal Language Model Fine-tuning for Text
Classification", ACL 2018, https://arxiv.org/abs/1801.06146. Deviation: a depth
is unfrozen after an equal share of the steps instead of an epoch.
"""

from collections.abc import Mapping

from flax import linen as nn

from da_jax.models import interception
from da_jax.types import Method

DECAY = 2.6  # ratio of the learning rates of neighbours


def unfreezing_steps(backbone: nn.Module, steps: int) -> dict[str, int]:
  """The first step at which each part of a backbone is trained.

  Of D depths the one at d = 0..D-1 from the input starts at step
  floor(steps (D - d) / (D + 1)): the share before belongs to what is above.

  Args:
    backbone: gives the depths.
    steps: of the run.

  Returns:
    Parts for `optimizers.by_part`, 'model/backbone/<module>', to steps.
  """
  count = len(backbone.depths)
  return {
    f'model/backbone/{module}': steps * (count - depth) // (count + 1)
    for depth, (_, modules) in enumerate(backbone.depths)
    for module in modules
  }


def discriminative_rates(backbone: nn.Module) -> dict[str, float]:
  """Factors on the learning rate: 2.6^-(D - d) at depth d = 0..D-1 of D.

  Bottleneck and head have the factor 1.

  Args:
    backbone: gives the depths.

  Returns:
    Parts for `optimizers.by_part`, 'model/backbone/<module>', to factors.
  """
  count = len(backbone.depths)
  return {
    f'model/backbone/{module}': DECAY ** -(count - depth)
    for depth, (_, modules) in enumerate(backbone.depths)
    for module in modules
  }


def gradual(method: Method, unfrozen_at: Mapping[str, int]) -> Method:
  """Runs what is still frozen in evaluation mode.

  Args:
    method: any, its optimizer made with the same `unfrozen_at`.
    unfrozen_at: of `unfreezing_steps`.

  Returns:
    The method; metrics as before, gradient_norm includes the frozen parts.
  """

  def step(state, batch, key):
    def still_frozen(path):
      part = '/'.join(('model', *path)) + '/'
      starts = [
        first
        for name, first in unfrozen_at.items()
        if part.startswith(name + '/')
      ]
      return state.step < max(starts, default=0)

    with nn.intercept_methods(interception.evaluating(still_frozen)):
      return method.step(state, batch, key)

  return method._replace(step=step)
