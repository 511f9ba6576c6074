"""Training on the source alone: the row every adaptation is compared with."""

from flax import linen as nn
import optax

from da_jax.methods import base
from da_jax.types import Method


def source_only(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises the source's cross entropy; BatchNorm sees the source only.

  Args:
    model: the classifier.
    optimizer: transformation of {'model': params}.
    label_smoothing: in [0, 1).

  Returns:
    The method; metrics: loss, source_batch_accuracy, gradient_norm.
  """
  return base.supervised(
    model, optimizer, domain='source', label_smoothing=label_smoothing
  )
