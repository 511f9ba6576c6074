import jax
import numpy as np

from da_jax import methods
from da_jax.data import batches
from tests import toy

DECAY = 0.7


def _batch(step=0):
  return batches.batch_at(
    toy.pair(), step, batch_size=16, seed=0, target_labels=False
  )


def test_prediction_is_by_the_average_and_training_by_the_parameters():
  inner = methods.source_only(toy.classifier(), toy.optimizer())
  method = methods.ema(inner, DECAY)
  x = toy.pair().target_test.x
  state = jax.jit(method.init)(jax.random.key(0), _batch())
  plain = jax.jit(inner.init)(jax.random.key(0), _batch())
  np.testing.assert_array_equal(
    method.predict(state, x).logits, inner.predict(plain, x).logits
  )
  weigh = lambda a, w: DECAY * a + (1 - DECAY) * w
  average = (plain.params, plain.variables)
  step, inner_step = jax.jit(method.step), jax.jit(inner.step)
  for number in range(4):
    key = jax.random.key(number)
    state, _ = step(state, _batch(number), key)
    plain, _ = inner_step(plain, _batch(number), key)
    average = jax.tree.map(weigh, average, (plain.params, plain.variables))
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
    state.params,
    plain.params,
  )
  averaged = plain._replace(params=average[0], variables=average[1])
  np.testing.assert_allclose(
    method.predict(state, x).logits,
    inner.predict(averaged, x).logits,
    atol=1e-5,
  )
  assert np.any(
    np.abs(method.predict(state, x).logits - inner.predict(plain, x).logits)
    > 1e-3
  )


def test_the_average_begins_with_what_training_begins_with():
  """Weights that were put in after `init` count, not those of `init`."""
  inner = methods.source_only(toy.classifier(), toy.optimizer())
  method = methods.ema(inner, 1.0)
  state = method.init(jax.random.key(0), _batch())
  state = state._replace(params=jax.tree.map(lambda w: w + 1.0, state.params))
  after, _ = method.step(state, _batch(), jax.random.key(1))
  jax.tree.map(
    np.testing.assert_array_equal,
    after.variables['ema']['params'],
    state.params,
  )
