"""LwF: the start's own predictions of the new examples are kept.

Li Z. and Hoiem, "Learning without Forgetting", ECCV 2016,
https://arxiv.org/abs/1606.09282. Deviation, as of TLlib: the old head trains
from the first step, without a warm-up of the new one. The start looks at each
batch as it is augmented; TLlib records its answers once. The default weight
is TLlib's (the paper's is 1).
"""

from flax import linen as nn
import optax

from da_jax import losses
from da_jax.methods import base, start
from da_jax.methods.finetune import penalised
from da_jax.types import Method

START_HEAD = 'start_source_head'


def lwf(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  source_classes: int,
  weight: float = 4.0,
  temperature: float = 2.0,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises CE + weight * KL_T(start's old head || old head now).

  Args:
    model: the classifier.
    optimizer: transformation of {'model', 'source_head'}.
    source_classes: of the start's head, part 'source_head'.
    weight: of the distillation.
    temperature: T of `losses.distillation`.
    label_smoothing: in [0, 1).

  Returns:
    The method; metrics: those of `finetune.penalised`.
  """
  head = start.Head(source_classes)

  def memory(state, batch):
    del batch
    zeros = start.zeros_like(state.params[start.SOURCE_HEAD])
    return {**start.forgotten(state), START_HEAD: zeros}

  def begin(state, batches, key):
    del batches, key
    old_head = state.params[start.SOURCE_HEAD]
    state = start.remembered(state)
    return state._replace(variables={**state.variables, START_HEAD: old_head})

  def penalty(step):
    now, _ = base.run(
      head,
      start.SOURCE_HEAD,
      step.params,
      step.variables,
      step.prediction.features,
      step.key,
    )
    features = start.recall(model, step.variables, step.x).features
    then = head.apply(
      {'params': step.variables[START_HEAD]}, features, train=False
    )
    return losses.distillation(now, then, temperature=temperature), {}

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
