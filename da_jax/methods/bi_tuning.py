"""Bi-Tuning: contrastive losses beside the cross entropy.

Zhong et al., "Bi-tuning of Pre-trained Representations", 2020,
https://arxiv.org/abs/2011.06182, as TLlib computes it (momentum keys, queues of
every class, the head's weights constant in the contrastive loss). Deviation:
queries and keys see the same augmented view instead of two.
"""

from flax import linen as nn
import jax
import jax.numpy as jnp
import optax

from da_jax import losses
from da_jax.methods import base, class_queue, start
from da_jax.methods.finetune import penalised
from da_jax.types import Method

PROJECTOR, KEYS, QUEUE = 'projector', 'keys', 'queue'


def bi_tuning(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  weight: float = 1.0,
  projection: int = 128,
  queue: int = 40,
  momentum: float = 0.999,
  temperature: float = 0.07,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises CE + weight * (contrastive by projection + by classifier).

  Args:
    model: the classifier.
    optimizer: transformation of {'model', 'projector'}.
    weight: of the two `losses.categorical_contrastive`.
    projection: width of the projector.
    queue: keys kept of each class.
    momentum: of the key encoder's parameters.
    temperature: of the contrastive losses.
    label_smoothing: in [0, 1), of the cross entropy.

  Returns:
    The method; metrics: those of `finetune.penalised`.
  """
  projector = start.Head(projection)

  def memory(state, batch):
    del batch
    width = len(state.params['model']['head']['kernel'])
    widths = {'h': width + 1, 'z': projection}
    return {
      KEYS: start.zeros_like(_encoder(state)),
      QUEUE: class_queue.empty(model.num_classes, queue, widths),
    }

  def begin(state, batches, key):
    del batches
    queued = class_queue.noise(key, state.variables[QUEUE])
    variables = {KEYS: _encoder(state), QUEUE: queued}
    return state._replace(variables={**state.variables, **variables})

  return penalised(
    model,
    optimizer,
    penalty=_contrasts(model, projector, momentum, temperature),
    weight=weight,
    label_smoothing=label_smoothing,
    memory=memory,
    begin=begin,
    **{PROJECTOR: projector},
  )


def _contrasts(model, projector, momentum, temperature):
  """The penalty: both contrastive losses, and what they renew."""

  def units(features, params, variables, key):
    """Features with a 1 for the head's bias, and projections, as unit rows."""
    z, _ = base.run(projector, PROJECTOR, params, variables, features, key)
    ones = jnp.ones((len(features), 1))
    h = losses.normalize(jnp.concatenate([features, ones], 1))
    return h, losses.normalize(z)

  def renewed_keys(step):
    """The key encoder after its momentum update, and its keys."""
    keys = jax.tree.map(
      lambda k, w: momentum * k + (1.0 - momentum) * w,
      step.variables[KEYS]['params'],
      step.params,
    )
    own = step.variables[KEYS]['variables']
    prediction, own = base.classify(model, keys, own, step.x, step.key)
    h, z = units(prediction.features, keys, own, step.key)
    encoder = {'params': keys, 'variables': own}
    return jax.lax.stop_gradient((encoder, h, z))

  def contrast(anchors, current, queued, y):
    return losses.categorical_contrastive(
      jnp.sum(anchors * current, axis=1),
      jnp.einsum('nd,ckd->nck', anchors, queued),
      y,
      temperature=temperature,
    )

  def penalty(step):
    encoder, h_key, z_key = renewed_keys(step)
    h, z = units(
      step.prediction.features, step.params, step.variables, step.key
    )
    before, y = step.variables[QUEUE], step.y
    after = class_queue.enqueue(before, {'h': h_key, 'z': z_key}, y)
    head = jax.lax.stop_gradient(step.params['model']['head'])
    w = losses.normalize(jnp.vstack([head['kernel'], head['bias']]).T)[y]
    # TLlib's order: projections meet the queue before this batch joins it.
    by_projection = contrast(z, z_key, before['z'], y)
    by_classifier = contrast(w, h, after['h'], y)
    return by_projection + by_classifier, {KEYS: encoder, QUEUE: after}

  return penalty


def _encoder(state):
  variables = {part: state.variables[part] for part in state.params}
  return {'params': state.params, 'variables': variables}
