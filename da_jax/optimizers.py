"""Optimisers with a learning rate for each part of the network.

A part is a path prefix of `State.params` ('model/backbone', 'critic', ...);
rates and freezing by part are labels of the optimiser, never method code.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from da_jax import types
from da_jax.schedules import Schedule

FROZEN = 'frozen'
TRAINED = 'trained'
BACKBONE = 'model/backbone'


class Parts(NamedTuple):
  """How a method wants the parts of its network to be treated.

  Attributes:
    slow: parts at the rate of what was trained before.
    rate_scales: parts with a factor of their own, see `by_part`.
    frozen: parts without updates.
    unfrozen_at: part to the step before which it has none.
    decayed: whether there is weight decay.
  """

  slow: tuple[str, ...] = (BACKBONE,)
  rate_scales: Mapping[str, float] = {}
  frozen: tuple[str, ...] = ()
  unfrozen_at: Mapping[str, int] = {}
  decayed: bool = True


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


class Delayed(NamedTuple):
  """State of `starting_at`."""

  count: jax.Array  # int32 [], updates so far
  inner: optax.OptState


def starting_at(
  optimizer: optax.GradientTransformation, first: int
) -> optax.GradientTransformation:
  """No updates before step `first`; from there the optimiser, begun afresh.

  Its learning rate alone goes on from the start of the run.
  """

  def init(params):
    return Delayed(jnp.zeros((), jnp.int32), optimizer.init(params))

  def update(gradients, state, params=None):
    on = state.count >= first

    def keep_going(new, old):
      if _is_schedule(new):
        return new
      return jax.tree.map(lambda a, b: jnp.where(on, a, b), new, old)

    updates, inner = optimizer.update(gradients, state.inner, params)
    updates = jax.tree.map(lambda u: jnp.where(on, u, 0.0), updates)
    inner = jax.tree.map(keep_going, inner, state.inner, is_leaf=_is_schedule)
    return updates, Delayed(optax.safe_increment(state.count), inner)

  return optax.GradientTransformation(init, update)


def every(
  optimizer: optax.GradientTransformation, count: int
) -> optax.GradientTransformation:
  """One update by the mean of `count` gradients, none before the last.

  See `methods.accumulate`, which gives it that many a step.
  """
  if count == 1:
    return optimizer
  return optax.MultiSteps(optimizer, count).gradient_transformation()


def _is_schedule(state) -> bool:
  return isinstance(state, optax.ScaleByScheduleState)


def by_part(
  optimizer: optax.GradientTransformation,
  *,
  rate_scales: Mapping[str, float] | None = None,
  frozen: Collection[str] = (),
  unfrozen_at: Mapping[str, int] | None = None,
) -> optax.GradientTransformation:
  """Scales the updates of named parts; frozen parts get none.

  Args:
    optimizer: what trains every other part.
    rate_scales: part to factor on its learning rate; the longest matching
      prefix of a parameter's path counts.
    frozen: parts without updates, whatever else says.
    unfrozen_at: part to the step before which it has no updates.

  Returns:
    A transformation of the whole of `State.params`.
  """
  scales, starts = dict(rate_scales or {}), dict(unfrozen_at or {})

  def labels(params: types.PyTree) -> types.PyTree:
    def label(path, _):
      name = '/'.join(str(entry.key) for entry in path) + '/'
      if any(name.startswith(part + '/') for part in frozen):
        return FROZEN
      return joint(_part_of(name, scales), _part_of(name, starts))

    return jax.tree_util.tree_map_with_path(label, params)

  def joint(scaled: str, started: str) -> str:
    return scaled if started == TRAINED else f'{scaled} after {started}'

  def transform(scaled: str, started: str) -> optax.GradientTransformation:
    chain = optimizer
    if scaled != TRAINED:
      chain = optax.chain(chain, optax.scale(scales[scaled]))
    return chain if started == TRAINED else starting_at(chain, starts[started])

  transforms = {
    joint(scaled, started): transform(scaled, started)
    for scaled in (TRAINED, *scales)
    for started in (TRAINED, *starts)
  }
  return optax.partition({**transforms, FROZEN: optax.set_to_zero()}, labels)


def _part_of(name: str, parts: Collection[str]) -> str:
  """The longest of the parts that a parameter is in."""
  matches = [part for part in parts if name.startswith(part + '/')]
  return max(matches, key=len, default=TRAINED)
