"""LP-FT: a linear probe gives the head from which all is fine-tuned.

Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution", ICLR 2022, https://arxiv.org/abs/2202.10054. Deviation:
one strength of the probe's regularisation instead of a grid.
"""

from flax import linen as nn
import jax.numpy as jnp
import optax

from da_jax.methods import linear_probe, start
from da_jax.methods.finetune import finetune
from da_jax.types import Method, State


def lp_ft(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  c: float = 1.0,
  label_smoothing: float = 0.0,
) -> Method:
  """Fine-tunes from the head of `linear_probe.fit_head`.

  Args:
    model: the classifier.
    optimizer: transformation of {'model': params}.
    c: inverse strength of the probe's regularisation.
    label_smoothing: in [0, 1), of the fine-tuning.

  Returns:
    The method; metrics: those of `finetune`.
  """
  method = finetune(model, optimizer, label_smoothing=label_smoothing)

  def begin(state, batches, key):
    del key
    return with_probe(method.predict, state, batches, model.num_classes, c=c)

  return method._replace(begin=begin)


def with_probe(
  predict, state: State, batches, num_classes: int, *, c: float = 1.0
) -> State:
  """The state with a head that was fitted to its own features.

  Args:
    predict: of the method.
    state: with the features' parameters.
    batches: as `begin` gets them, labelled.
    num_classes: of the head.
    c: inverse strength of the regularisation.

  Returns:
    The state, all but the head as it was.
  """
  prediction, y = start.outputs(predict, state, batches)
  head = linear_probe.fit_head(prediction.features, y, num_classes, c=c)
  head = {name: jnp.asarray(value) for name, value in head.items()}
  model = {**state.params['model'], 'head': head}
  return state._replace(params={**state.params, 'model': model})
