"""L2-SP: weight decay towards the start instead of towards zero.

Li, Grandvalet and Davoine, "Explicit Inductive Bias for Transfer Learning with
Convolutional Networks", ICML 2018, https://arxiv.org/abs/1802.01483. It
REPLACES the optimiser's weight decay. All parameters count, biases and
BatchNorm's too (the authors' code regularises kernels alone by default).
"""

from collections.abc import Collection

from flax import linen as nn
import optax

from da_jax import losses
from da_jax.methods import start
from da_jax.methods.finetune import penalised
from da_jax.types import Method


def l2_sp(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  pretrained: Collection[str],
  alpha: float = 0.01,
  beta: float = 0.01,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises CE + alpha/2 ||w - w0||^2 + beta/2 ||v||^2.

  Args:
    model: the classifier.
    optimizer: transformation of {'model': params}, without weight decay.
    pretrained: the parts of the model that w is ('backbone', 'bottleneck',
      'head'); all other parameters are v.
    alpha: strength on the pretrained parts.
    beta: strength on the new ones.
    label_smoothing: in [0, 1).

  Returns:
    The method; metrics: those of `finetune.penalised`.
  """

  def penalty(step):
    old, new = start.divided(step.params['model'], pretrained)
    old_start, _ = start.divided(
      step.variables[start.START]['params'], pretrained
    )
    towards = losses.starting_point_penalty(old, old_start)
    return alpha * towards + beta * losses.squared_norm(new), {}

  return penalised(
    model,
    optimizer,
    penalty=penalty,
    label_smoothing=label_smoothing,
    memory=lambda state, batch: start.forgotten(state),
    begin=lambda state, batches, key: start.remembered(state),
  )
