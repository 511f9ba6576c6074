"""Optimisers with a learning rate for each part of the network.

A part is a path prefix of `State.params` ('model/backbone', 'critic', ...);
rates and freezing by part are labels of the optimiser, never method code.
"""

from collections.abc import Callable, Collection, Mapping

import jax
import optax

from da_jax import types
from da_jax.schedules import Schedule

FROZEN = 'frozen'
TRAINED = 'trained'


def sgd(
  learning_rate: Schedule,
  *,
  momentum: float = 0.9,
  nesterov: bool = True,
  weight_decay: float = 0.0,
) -> optax.GradientTransformation:
  """SGD as PyTorch computes it: decay joins the gradient before momentum."""
  return optax.chain(
    optax.add_decayed_weights(weight_decay),
    optax.trace(decay=momentum, nesterov=nesterov),
    optax.scale_by_learning_rate(learning_rate),
  )


def adam(
  learning_rate: Schedule, *, weight_decay: float = 0.0
) -> optax.GradientTransformation:
  """Adam (b1 .9, b2 .999) with L2 decay joined to the gradient, as PyTorch."""
  return optax.chain(
    optax.add_decayed_weights(weight_decay),
    optax.scale_by_adam(),
    optax.scale_by_learning_rate(learning_rate),
  )


def adamw(
  learning_rate: Schedule, *, weight_decay: float = 0.0
) -> optax.GradientTransformation:
  """Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019)."""
  return optax.adamw(learning_rate, weight_decay=weight_decay)


OPTIMIZERS: dict[str, Callable[..., optax.GradientTransformation]] = {
  'sgd': sgd,
  'adam': adam,
  'adamw': adamw,
}


def by_part(
  optimizer: optax.GradientTransformation,
  *,
  rate_scales: Mapping[str, float] | None = None,
  frozen: Collection[str] = (),
) -> optax.GradientTransformation:
  """Scales the updates of named parts; frozen parts get none.

  Args:
    optimizer: what trains every other part.
    rate_scales: part to factor on its learning rate; the longest matching
      prefix of a parameter's path counts.
    frozen: parts without updates, whatever `rate_scales` says.

  Returns:
    A transformation of the whole of `State.params`.
  """
  scales = dict(rate_scales or {})

  def labels(params: types.PyTree) -> types.PyTree:
    def label(path, _):
      name = '/'.join(str(entry.key) for entry in path) + '/'
      if any(name.startswith(part + '/') for part in frozen):
        return FROZEN
      matches = [part for part in scales if name.startswith(part + '/')]
      return max(matches, key=len, default=TRAINED)

    return jax.tree_util.tree_map_with_path(label, params)

  def scaled(factor: float) -> optax.GradientTransformation:
    return optax.chain(optimizer, optax.scale(factor))

  transforms = {part: scaled(factor) for part, factor in scales.items()}
  transforms |= {FROZEN: optax.set_to_zero(), TRAINED: optimizer}
  return optax.partition(transforms, labels)
