"""Alignment: a discrepancy between the domains' features is minimised.

With MMD this is DDC (Tzeng et al., 2014, https://arxiv.org/abs/1412.3474) and
DAN (Long et al., ICML 2015, https://arxiv.org/abs/1502.02791) at the
bottleneck alone, as TLlib trains it; with CORAL, Deep CORAL (Sun and Saenko,
2016, https://arxiv.org/abs/1607.01719), there on the logits.
"""

from collections.abc import Callable

from flax import linen as nn
import jax
import optax

from da_jax import losses
from da_jax.methods import base
from da_jax.schedules import Schedule
from da_jax.types import Method


def align(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  discrepancy: Callable[[jax.Array, jax.Array], jax.Array],
  weight: Schedule,
  passes: str = 'separate',
) -> Method:
  """Minimises CE(source) + weight(step) * discrepancy(z_s, z_t).

  Args:
    model: the classifier; z are its features, the input of the head.
    optimizer: transformation of {'model': params}.
    discrepancy: ([n, d], [m, d]) -> [], hyperparameters bound.
    weight: schedule of the discrepancy's weight.
    passes: which examples share BatchNorm statistics, see
      `base.classify_pair`.

  Returns:
    The method; metrics: loss, source_loss, discrepancy, source_batch_accuracy,
    weight, gradient_norm.
  """

  def init(key, batch):
    return base.init_state(key, batch, model, optimizer)

  def loss(params, variables, batch, key, step):
    source, target, variables = base.classify_pair(
      model, params, variables, batch, key, passes=passes
    )
    y = base.labels(batch, 'source')
    source_loss = losses.cross_entropy(source.logits, y)
    distance = discrepancy(source.features, target.features)
    metrics = {
      'source_loss': source_loss,
      'discrepancy': distance,
      'source_batch_accuracy': losses.accuracy(source.logits, y),
      'weight': weight(step),
    }
    return source_loss + weight(step) * distance, (variables, metrics)

  return Method(init, base.descend(loss, optimizer), base.predictor(model))
