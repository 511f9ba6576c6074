"""DELTA: feature maps stay near the start's where the task needs them.

Li X. et al., "DELTA: DEep Learning Transfer using Feature Map with Attention
for Convolutional Networks", ICLR 2019, https://arxiv.org/abs/1901.09229. It
REPLACES the optimiser's weight decay. The maps are, as the authors', outputs of
the last convolution of each stage (not the stem). Deviation: how much the loss
rises without a channel is not measured channel by channel but estimated to
first order, -<dL/dmap, map> (Molchanov et al., "Pruning Convolutional Neural
Networks for Resource Efficient Inference", ICLR 2017,
https://arxiv.org/abs/1611.06440), under a head fitted by logistic regression.
"""

from collections.abc import Collection

from flax import linen as nn
import jax
import jax.numpy as jnp
import optax

from da_jax import losses, parallel
from da_jax.methods import lp_ft, start
from da_jax.methods.base import predictor
from da_jax.methods.finetune import penalised
from da_jax.models import feature_maps
from da_jax.types import Method

ATTENTION = 'attention'


def delta(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  pretrained: Collection[str],
  alpha: float = 0.01,
  beta: float = 0.01,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises CE + alpha * attentive distance of maps + beta/2 ||v||^2.

  Args:
    model: the classifier.
    optimizer: transformation of {'model': params}, without weight decay.
    pretrained: parts of the model that are not v, see `l2_sp`.
    alpha: strength of `losses.attentive_distance`, a sum over the batch.
    beta: strength of the decay of new parts.
    label_smoothing: in [0, 1).

  Returns:
    The method; metrics: those of `finetune.penalised`.
  """

  def memory(state, batch):
    x = next(iter(batch.values()))['x']
    kept = start.forgotten(state)
    maps = jax.eval_shape(
      lambda collections: _maps(model, collections, x)[0], kept[start.START]
    )
    zeros = {name: jnp.zeros(m.shape[-1:]) for name, m in maps.items()}
    return {**kept, ATTENTION: zeros}

  def begin(state, batches, key):
    del key
    batches = list(batches)
    state = start.remembered(state)
    probed = lp_ft.with_probe(
      predictor(model), state, iter(batches), model.num_classes
    )
    attention = _attention(model, start.snapshot(probed), batches)
    variables = {**state.variables, ATTENTION: attention}
    return state._replace(variables=variables)

  def penalty(step):
    start_maps, _ = _maps(model, step.variables[start.START], step.x)
    distance = losses.attentive_distance(
      parallel.gather(step.maps),
      parallel.gather(start_maps),
      step.variables[ATTENTION],
    )
    _, new = start.divided(step.params['model'], pretrained)
    return alpha * distance + beta * losses.squared_norm(new), {}

  return penalised(
    model,
    optimizer,
    penalty=penalty,
    label_smoothing=label_smoothing,
    memory=memory,
    begin=begin,
  )


def _maps(model, collections, x, offsets=None):
  """Feature maps and logits in evaluation mode."""
  with feature_maps.captured(model.backbone, offsets) as maps:
    prediction = model.apply(collections, x, train=False)
  return maps, prediction.logits


def _attention(model, collections, batches) -> dict[str, jax.Array]:
  """Channel weights by layer from the estimated increase of the loss."""

  def loss(offsets, x, y):
    return losses.cross_entropy(_maps(model, collections, x, offsets)[1], y)

  @jax.jit
  def increase(x, y):
    maps, _ = _maps(model, collections, x)
    gradients = jax.grad(loss)(jax.tree.map(jnp.zeros_like, maps), x, y)
    return {
      name: -jnp.sum(m * gradients[name], axis=tuple(range(m.ndim - 1)))
      for name, m in maps.items()
    }

  total, count = None, 0
  for batch in batches:
    x, y = batch['target']['x'], batch['target']['y']
    count += len(y)
    part = {name: len(y) * rise for name, rise in increase(x, y).items()}
    total = jax.tree.map(jnp.add, total, part) if total else part
  return {
    name: losses.channel_attention(value / count)
    for name, value in total.items()
  }
