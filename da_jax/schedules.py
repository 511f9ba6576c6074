"""Schedules: functions of the step, for learning rates and strengths.

Two families are in use. The papers' depend on the progress p = step / steps;
TLlib's depend on the number of iterations alone, whatever the run's length.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

Schedule = Callable[[jax.Array], jax.Array]


def _progress(step: jax.Array, steps: int) -> jax.Array:
  return jnp.clip(jnp.asarray(step, jnp.float32) / steps, 0.0, 1.0)


def constant(value: float) -> Schedule:
  """The same value at every step."""
  return lambda step: jnp.full((), value, jnp.float32)


def dann_strength(
  steps: int, *, high: float = 1.0, gamma: float = 10.0
) -> Schedule:
  """The paper's ramp: high * (2 / (1 + exp(-gamma p)) - 1), p = step / steps.

  Computed as high * tanh(gamma p / 2), the same without cancellation.

  Source: Ganin et al., JMLR 17(59), 2016, section 5.2.2.
  """
  return lambda step: high * jnp.tanh(0.5 * gamma * _progress(step, steps))


def tllib_strength(
  *,
  low: float = 0.0,
  high: float = 1.0,
  alpha: float = 1.0,
  max_steps: int = 1000,
) -> Schedule:
  """TLlib's warm start, of the iteration i and not of the run's length.

  2 (high - low) / (1 + exp(-alpha i / max_steps)) - (high - low) + low,
  computed as (high - low) tanh(alpha i / (2 max_steps)) + low.
  """

  def strength(step):
    i = jnp.asarray(step, jnp.float32)
    return (high - low) * jnp.tanh(0.5 * alpha * i / max_steps) + low

  return strength


def paper_decay(rate: float, steps: int) -> Schedule:
  """The DANN paper's learning rate: rate / (1 + 10 p)^0.75, p = step / steps.

  Source: Ganin et al., JMLR 17(59), 2016, section 5.2.2.
  """
  return lambda step: rate / (1.0 + 10.0 * _progress(step, steps)) ** 0.75


def inverse_decay(
  rate: float, *, gamma: float = 1e-3, power: float = 0.75
) -> Schedule:
  """TLlib's (and Caffe's `inv`) rate: rate * (1 + gamma i)^-power."""

  def value(step):
    i = jnp.asarray(step, jnp.float32)
    return rate * (1.0 + gamma * i) ** -power

  return value


def cosine_decay(rate: float, steps: int) -> Schedule:
  """Half a cosine from `rate` to 0: rate (1 + cos(pi p)) / 2."""
  return lambda step: (
    rate * 0.5 * (1.0 + jnp.cos(jnp.pi * _progress(step, steps)))
  )


def step_decay(
  rate: float,
  steps: int,
  *,
  milestones: Sequence[float] = (0.6,),
  gamma: float = 0.1,
) -> Schedule:
  """rate * gamma^(milestones reached), each a share of `steps` in [0, 1]."""

  def value(step):
    p = _progress(step, steps)
    reached = sum((p >= share).astype(jnp.float32) for share in milestones)
    return rate * gamma**reached

  return value


# Of a reversal or a weight, by flag value: (steps of the run, final value).
STRENGTHS: dict[str, Callable[[int, float], Schedule]] = {
  'paper': lambda steps, high: dann_strength(steps, high=high),
  'tllib': lambda steps, high: tllib_strength(high=high),
  'constant': lambda steps, high: constant(high),
}
