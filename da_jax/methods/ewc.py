"""EWC: what mattered to the start is held fast.

Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks",
PNAS 114(13), 2017, https://arxiv.org/abs/1612.00796. Deviation: fine-tuning has
no data of the start's task, so the Fisher information is that of the start's
own predictions on the target's training inputs.
"""

from collections.abc import Iterator

from flax import linen as nn
import jax
import optax

from da_jax import losses
from da_jax.methods import start
from da_jax.methods.finetune import penalised
from da_jax.types import Batch, Method, PyTree

FISHER = 'fisher'


def ewc(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  source_classes: int,
  weight: float = 1.0,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises CE + weight/2 sum_i F_i (w_i - w0_i)^2.

  w is all of the classifier below its head.

  Args:
    model: the classifier.
    optimizer: transformation of {'model', 'source_head'}, the latter frozen.
    source_classes: of the start's head, part 'source_head'.
    weight: lambda.
    label_smoothing: in [0, 1).

  Returns:
    The method; metrics: those of `finetune.penalised`.
  """
  head = start.Head(source_classes)

  def below(params):
    return start.divided(params, ('head',))[1]

  def memory(state, batch):
    del batch
    fisher_zeros = start.zeros_like(below(state.params['model']))
    return {**start.forgotten(state), FISHER: fisher_zeros}

  def begin(state, batches, key):
    state = start.remembered(state)
    kept = state.variables[start.START]
    head_params = {'params': state.params[start.SOURCE_HEAD]}

    def logits(params, x):
      collections = {**kept, 'params': {**kept['params'], **params}}
      features = model.apply(collections, x, train=False).features
      return head.apply(head_params, features, train=False)

    information = fisher(logits, below(kept['params']), batches, key)
    variables = {**state.variables, FISHER: information}
    return state._replace(variables=variables)

  def penalty(step):
    value = losses.starting_point_penalty(
      below(step.params['model']),
      below(step.variables[start.START]['params']),
      step.variables[FISHER],
    )
    return value, {}

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


def fisher(
  logits, params: PyTree, batches: Iterator[Batch], key: jax.Array
) -> PyTree:
  """Diagonal of the Fisher information: mean_n (d log p(y_n | x_n) / dw)^2.

  y_n is drawn from the model, so it is the true Fisher information and not the
  empirical one of the given labels.

  Args:
    logits: (params, x [n, ...]) -> [n, k].
    params: where.
    batches: of target inputs.
    key: PRNG key of the draws.

  Returns:
    A tree like `params`.
  """

  def log_p(params, x, key):
    row = logits(params, x[None])[0]
    y = jax.random.categorical(key, jax.lax.stop_gradient(row))
    return jax.nn.log_softmax(row)[y]

  # One example after the other: gradients of a whole batch would not fit.
  @jax.jit
  def squares(total, x, key):
    def add(total, example):
      gradient = jax.grad(log_p)(params, *example)
      return jax.tree.map(lambda t, g: t + g**2, total, gradient), None

    return jax.lax.scan(add, total, (x, jax.random.split(key, len(x))))[0]

  total, count = start.zeros_like(params), 0
  for number, batch in enumerate(batches):
    x = batch['target']['x']
    total = squares(total, x, jax.random.fold_in(key, number))
    count += len(x)
  return jax.tree.map(lambda t: t / count, total)
