"""BSS: features whose smallest singular values shrink.

Chen X. et al., "Catastrophic Forgetting Meets Negative Transfer: Batch Spectral
Shrinkage for Safe Transfer Learning", NeurIPS 2019,
https://proceedings.neurips.cc/paper/2019/hash/c6bff625bdb0393992c9d4db0c6bbe45-Abstract.html
"""

from flax import linen as nn
import optax

from da_jax import losses
from da_jax.methods.finetune import penalised
from da_jax.types import Method


def bss(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  weight: float = 1e-3,
  k: int = 1,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises CE + weight * sum of the k smallest squared singular values.

  Args:
    model: the classifier; its features, the input of the head, are shrunk.
    optimizer: transformation of {'model': params}.
    weight: eta.
    k: how many singular values.
    label_smoothing: in [0, 1).

  Returns:
    The method; metrics: those of `finetune.penalised`.
  """

  def penalty(step):
    z = step.prediction.features
    return losses.batch_spectral_shrinkage(z, k=k), {}

  return penalised(
    model,
    optimizer,
    penalty=penalty,
    weight=weight,
    label_smoothing=label_smoothing,
  )
