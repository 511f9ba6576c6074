"""What runs of one method on data of one kind share: each is compiled once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from da_jax import evaluate, parallel
from da_jax.data import batches
from da_jax.data.pair import DomainPair
from da_jax.types import Batch, Method, State, StepFn


class Programs(NamedTuple):
  """A method on data that are prepared in one way."""

  init: Callable[[jax.Array, Batch], State]
  begin: Callable[[State, Any, jax.Array], State] | None
  step: StepFn  # on raw batches; compiled by who makes the steps
  predict: evaluate.PredictAllFn
  prepare: Callable[[jax.Array], jax.Array]


def of(method: Method, pair: DomainPair) -> Programs:
  """The programs of a method on a pair, or on others prepared alike."""
  return Programs(
    jax.jit(method.init),
    method.begin,
    _augmented(method, pair),
    evaluate.compile_predict(method.predict, pair.prepare),
    jax.jit(pair.prepare),
  )


def rehearse(
  method: Method, pair: DomainPair, *, batch_size: int, target_labels: bool
) -> None:
  """Raises what tracing the first step would raise; computes nothing."""
  shared = of(method, pair)
  settings = dict(batch_size=batch_size, seed=0, target_labels=target_labels)
  example = batches.batch_at(pair, 0, **settings)
  key = jax.random.key(0)
  init = lambda key: initial_state(shared, example, key)
  jax.eval_shape(shared.step, jax.eval_shape(init, key), example, key)


def initial_state(programs: Programs, example: Batch, key: jax.Array) -> State:
  """The state before the first step.

  Args:
    programs: of the method.
    example: a raw batch; only shapes and dtypes are used.
    key: PRNG key.
  """
  prepared = {
    domain: {'x': jax.eval_shape(programs.prepare, part['x'])}
    for domain, part in example.items()
  }
  zeros = jax.tree.map(
    lambda x: jnp.zeros((1, *x.shape[1:]), x.dtype), prepared
  )
  return programs.init(key, zeros)


def _augmented(method: Method, pair: DomainPair) -> StepFn:
  """The method's step on raw batches, its keys a function of the step."""

  def step(state, batch, key):
    key_augment, key_step = jax.random.split(
      jax.random.fold_in(key, state.step)
    )
    key_augment = parallel.device_key(key_augment)
    keys = jax.random.split(key_augment, len(batch))
    batch = {
      domain: {**batch[domain], 'x': pair.augment(key, batch[domain]['x'])}
      for key, domain in zip(keys, sorted(batch), strict=True)
    }
    return method.step(state, batch, key_step)

  return step
