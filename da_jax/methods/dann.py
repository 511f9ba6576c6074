"""DANN: features from which a critic cannot tell the domain.

Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17(59),
2016, https://jmlr.org/papers/v17/15-239.html. Deviation: `weight` scales the
domain loss for the critic too, as TLlib's trade-off does; the paper's is 1.
"""

from flax import linen as nn
import jax
import jax.numpy as jnp
import optax

from da_jax import losses
from da_jax.gradients import reverse_gradient
from da_jax.methods import base
from da_jax.schedules import Schedule
from da_jax.types import Method


def dann(
  model: nn.Module,
  critic: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  strength: Schedule,
  weight: float = 1.0,
  passes: str = 'joint',
) -> Method:
  """Minimises CE(source) + weight * domain loss behind a gradient reversal.

  The reversal's strength scales only the gradient that reaches the features;
  the critic itself trains at its full rate from the first step.

  Args:
    model: the classifier.
    critic: features [n, d] -> logits [n] of 'is source'.
    optimizer: transformation of {'model': params, 'critic': params}.
    strength: schedule of the reversal, a function of the step.
    weight: of the domain loss.
    passes: which examples share BatchNorm statistics, see
      `base.classify_pair`; the critic always sees both domains at once.

  Returns:
    The method; metrics: loss, source_loss, domain_loss, source_batch_accuracy,
    domain_accuracy, strength, gradient_norm.
  """

  def init(key, batch):
    return base.init_state(key, batch, model, optimizer, critic=critic)

  def loss(params, variables, batch, key, step):
    key_model, key_critic = jax.random.split(key)
    source, target, variables = base.classify_pair(
      model, params, variables, batch, key_model, passes=passes
    )
    y = base.labels(batch, 'source')
    source_loss = losses.cross_entropy(source.logits, y)
    features = jnp.concatenate([source.features, target.features])
    reversed_features = reverse_gradient(features, strength(step))
    logits, variables = base.run(
      critic, 'critic', params, variables, reversed_features, key_critic
    )
    logits_s, logits_t = logits[: len(y)], logits[len(y) :]
    domain_loss = losses.domain_adversarial_loss(logits_s, logits_t)
    metrics = {
      'source_loss': source_loss,
      'domain_loss': domain_loss,
      'source_batch_accuracy': losses.accuracy(source.logits, y),
      'domain_accuracy': losses.domain_accuracy(logits_s, logits_t),
      'strength': strength(step),
    }
    return source_loss + weight * domain_loss, (variables, metrics)

  return Method(init, base.descend(loss, optimizer), base.predictor(model))
