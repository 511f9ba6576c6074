"""Fine-tuning: labelled target examples continue a trained network.

The published regularisers of fine-tuning are a penalty each; `freezing` says
which depths stand still.
"""

from collections.abc import Callable
from typing import NamedTuple

from flax import linen as nn
import jax
import optax

from da_jax import losses, types
from da_jax.methods import base
from da_jax.models import feature_maps
from da_jax.types import Method, Prediction, PyTree, State


class Batchwise(NamedTuple):
  """What a penalty may look at in a step."""

  prediction: Prediction  # of the global batch
  maps: dict[str, jax.Array]  # `feature_maps.captured`, this device's share
  y: jax.Array  # int32 [n]
  x: jax.Array  # this device's share
  params: PyTree  # of all parts
  variables: PyTree
  key: jax.Array


def finetune(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises the cross entropy of labelled target examples.

  Args:
    model: the classifier, its backbone made with `frozen` depths.
    optimizer: transformation of {'model': params}, the same depths frozen.
    label_smoothing: in [0, 1).

  Returns:
    The method; metrics: loss, target_batch_accuracy, gradient_norm.
  """
  return base.supervised(
    model, optimizer, domain='target', label_smoothing=label_smoothing
  )


def penalised(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  penalty: Callable[[Batchwise], tuple[jax.Array, dict[str, PyTree]]],
  weight: float = 1.0,
  label_smoothing: float = 0.0,
  memory: Callable[[State, types.Batch], dict[str, PyTree]] | None = None,
  begin: types.BeginFn | None = None,
  **networks: nn.Module,
) -> Method:
  """Minimises CE(target) + weight * penalty.

  Args:
    model: the classifier.
    optimizer: transformation of all parts' parameters.
    penalty: of a step's batch, with the entries of `State.variables` that it
      renews.
    weight: of the penalty.
    label_smoothing: in [0, 1), of the cross entropy.
    memory: (state, batch) -> entries of `State.variables` that the penalty
      needs, zero where `begin` is to fill them.
    begin: of the method.
    **networks: further parts, each called `(features, train)`.

  Returns:
    The method; metrics: loss, target_loss, penalty (without its weight),
    target_batch_accuracy, gradient_norm.
  """

  def init(key, batch):
    state = base.init_state(key, batch, model, optimizer, **networks)
    kept = memory(state, batch) if memory else {}
    return state._replace(variables={**state.variables, **kept})

  def loss(params, variables, batch, key, step):
    del step
    key_model, key_penalty = jax.random.split(key)
    x, y = batch['target']['x'], base.labels(batch, 'target')
    with feature_maps.captured(model.backbone) as maps:
      prediction, variables = base.classify(
        model, params, variables, x, key_model
      )
    target_loss = losses.cross_entropy(
      prediction.logits, y, label_smoothing=label_smoothing
    )
    value, renewed = penalty(
      Batchwise(prediction, maps, y, x, params, variables, key_penalty)
    )
    metrics = {
      'target_loss': target_loss,
      'penalty': value,
      'target_batch_accuracy': losses.accuracy(prediction.logits, y),
    }
    variables = {**variables, **renewed}
    return target_loss + weight * value, (variables, metrics)

  step = base.descend(loss, optimizer)
  return Method(init, step, base.predictor(model), begin)
