"""Exponential moving average of what is trained.

Polyak and Juditsky, "Acceleration of stochastic approximation by averaging",
1992; as in Tarvainen and Valpola, "Mean teachers are better role models",
NeurIPS 2017, https://arxiv.org/abs/1703.01780.
"""

import jax
import jax.numpy as jnp

from da_jax.types import Method, PyTree, State

EMA = 'ema'


def ema(method: Method, decay: float) -> Method:
  """Predicts by a <- decay a + (1 - decay) w, begun at the first step's w.

  BatchNorm's statistics are averaged along with the parameters. Training does
  not see the average.

  Args:
    method: any.
    decay: in [0, 1).

  Returns:
    The method; metrics as before. The average is `variables['ema']`, laid out
    as the state: {'params', 'variables'} by part.
  """

  def init(key, batch):
    state = method.init(key, batch)
    return _joined(state, jax.tree.map(jnp.zeros_like, _averaged(state)))

  def step(state, batch, key):
    before, average = _parted(state)
    start = _averaged(before)
    average = _where(before.step == 0, start, average)
    after, metrics = method.step(before, batch, key)
    average = jax.tree.map(
      lambda a, w: decay * a + (1.0 - decay) * w, average, _averaged(after)
    )
    return _joined(after, average), metrics

  def predict(state, x):
    now, average = _parted(state)
    average = _where(now.step == 0, _averaged(now), average)
    variables = {**now.variables, **average['variables']}
    now = now._replace(params=average['params'], variables=variables)
    return method.predict(now, x)

  def begin(state, batches, key):
    inner, average = _parted(state)
    return _joined(method.begin(inner, batches, key), average)

  return Method(init, step, predict, begin if method.begin else None)


def _averaged(state: State) -> PyTree:
  variables = {part: state.variables[part] for part in state.params}
  return {'params': state.params, 'variables': variables}


def _parted(state: State) -> tuple[State, PyTree]:
  variables = dict(state.variables)
  average = variables.pop(EMA)
  return state._replace(variables=variables), average


def _joined(state: State, average: PyTree) -> State:
  return state._replace(variables={**state.variables, EMA: average})


def _where(condition: jax.Array, a: PyTree, b: PyTree) -> PyTree:
  return jax.tree.map(lambda x, y: jnp.where(condition, x, y), a, b)
