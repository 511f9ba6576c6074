"""Co-Tuning: the old head learns the old classes that a label stands for.

You et al., "Co-Tuning for Transfer Learning", NeurIPS 2020,
https://proceedings.neurips.cc/paper/2020/hash/c8067ad1937f728f51288b3eb986afaa-Abstract.html
The relation p(y_s | y_t) is the paper's direct one, as in TLlib: the mean
probabilities that the start gives to the examples of a class. The calibration
of the authors' code, of an ImageNet network, is left out.
"""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from da_jax import losses
from da_jax.methods import base, start
from da_jax.methods.finetune import penalised
from da_jax.types import Method

RELATION = 'relation'


def co_tuning(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  source_classes: int,
  weight: float = 2.3,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises CE + weight * CE(old head, p(y_s | y_t)).

  Args:
    model: the classifier.
    optimizer: transformation of {'model', 'source_head'}.
    source_classes: of the start's head, part 'source_head'.
    weight: lambda.
    label_smoothing: in [0, 1), of the target labels.

  Returns:
    The method; metrics: those of `finetune.penalised`.
  """
  head, predict = start.Head(source_classes), base.predictor(model)

  def memory(state, batch):
    del batch
    shape = (model.num_classes, source_classes)
    return {RELATION: jnp.zeros(shape)}

  def begin(state, batches, key):
    del key
    prediction, y = start.outputs(predict, state, batches)
    logits = head.apply(
      {'params': state.params[start.SOURCE_HEAD]},
      prediction.features,
      train=False,
    )
    table = relation(np.asarray(jax.nn.softmax(logits)), y, model.num_classes)
    return state._replace(variables={**state.variables, RELATION: table})

  def penalty(step):
    logits, _ = base.run(
      head,
      start.SOURCE_HEAD,
      step.params,
      step.variables,
      step.prediction.features,
      step.key,
    )
    p = step.variables[RELATION][step.y]
    return losses.soft_cross_entropy(logits, p), {}

  return penalised(
    model,
    optimizer,
    penalty=penalty,
    weight=weight,
    label_smoothing=label_smoothing,
    memory=memory,
    begin=begin,
    **{start.SOURCE_HEAD: head},
  )


def relation(p: np.ndarray, y: np.ndarray, num_classes: int) -> jax.Array:
  """p(y_s | y_t): the mean of p over the examples of each class.

  Args:
    p: [n, source classes], the start's probabilities.
    y: int32 [n], target labels.
    num_classes: of the target.

  Returns:
    [num_classes, source classes]; uniform for a class without examples.
  """
  counts = np.bincount(y, minlength=num_classes)[:, None]
  sums = np.zeros((num_classes, p.shape[1]))
  np.add.at(sums, y, p)
  uniform = np.full_like(sums, 1.0 / p.shape[1])
  means = np.where(counts > 0, sums / np.maximum(counts, 1), uniform)
  return jnp.asarray(means, jnp.float32)
