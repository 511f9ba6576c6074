from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import methods
from da_jax.methods.stochnorm import stochnorm
from da_jax.models import interception, layers
from tests import toy

X = np.random.default_rng(0).normal(2.0, 3.0, size=(32, 5)).astype(np.float32)
NORM = layers.BatchNorm()
VARIABLES = {
  'params': {'scale': jnp.arange(1.0, 6.0), 'bias': jnp.arange(5.0)},
  'batch_stats': {'mean': jnp.full(5, 0.5), 'var': jnp.full(5, 4.0)},
}


def _train(interceptor=None):
  def call(x):
    return NORM.apply(
      VARIABLES, x, use_running_average=False, mutable=['batch_stats']
    )

  if interceptor is None:
    return call(X)
  with nn.intercept_methods(interceptor):
    return jax.jit(call)(X)


def _evaluate():
  return NORM.apply(VARIABLES, X, use_running_average=True)


def _close(a, b):
  jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-5), a, b)


def test_probability_one_is_batch_norm_and_zero_the_moving_statistics():
  """In both the moving statistics move, from before the update."""
  key = jax.random.key(0)
  y, updated = _train()
  _close(_train(interception.stochastic_norm(key, 1.0)), (y, updated))
  _close(_train(interception.stochastic_norm(key, 0.0)), (_evaluate(), updated))


@pytest.mark.slow
def test_each_channel_is_one_of_the_two_for_the_whole_batch():
  batch, moving = np.asarray(_train()[0]), np.asarray(_evaluate())
  share = []
  for seed in range(40):
    interceptor = interception.stochastic_norm(jax.random.key(seed), 0.3)
    y = np.asarray(_train(interceptor)[0])
    by_batch = np.all(np.isclose(y, batch, atol=1e-5), axis=0)
    by_moving = np.all(np.isclose(y, moving, atol=1e-5), axis=0)
    assert np.all(by_batch ^ by_moving)
    share.append(by_batch.mean())
  assert 0.2 < np.mean(share) < 0.4  # 200 draws, deviation 0.03


def test_layers_of_one_network_draw_their_own_channels():
  class Two(nn.Module):
    @nn.compact
    def __call__(self, x):
      norm = lambda name: layers.BatchNorm(name=name)(x, False)
      return norm('a'), norm('b')

  x = np.random.default_rng(0).normal(2.0, 3.0, size=(8, 64))
  variables = Two().init(jax.random.key(0), x)
  interceptor = interception.stochastic_norm(jax.random.key(1), 0.5)
  with nn.intercept_methods(interceptor):
    (a, b), _ = Two().apply(variables, x, mutable=['batch_stats'])
  differing = np.any(~np.isclose(a, b, atol=1e-5), axis=0)
  assert 0.25 < differing.mean() < 0.75  # of independent coins one half


def test_evaluating_layers_keep_their_statistics():
  y, updated = _train()
  on = interception.evaluating(lambda path: jnp.array(True))
  off = interception.evaluating(lambda path: jnp.array(False))
  frozen, kept = _train(on)
  _close(frozen, _evaluate())
  jax.tree.map(
    np.testing.assert_array_equal, kept['batch_stats'], VARIABLES['batch_stats']
  )
  _close(_train(off), (y, updated))


def test_evaluating_switches_dropout_off_where_the_path_says():
  class Two(nn.Module):
    @nn.compact
    def __call__(self, x):
      drop = lambda name: nn.Dropout(0.5, deterministic=False, name=name)
      return drop('a')(x), drop('b')(x)

  with nn.intercept_methods(interception.evaluating(lambda p: p == ('a',))):
    a, b = Two().apply({}, X, rngs={'dropout': jax.random.key(0)})
  np.testing.assert_array_equal(a, X)
  assert 0.3 < np.mean(np.asarray(b) == 0) < 0.7


@pytest.mark.parametrize('p', [0.0, 1.0])
def test_method_trains_by_the_chosen_statistics(p):
  """p = 1 is the method itself; p = 0 has the gradient of evaluation mode."""
  plain = methods.finetune(toy.classifier(), toy.optimizer())
  method = stochnorm(plain, p=p)
  pair = toy.pair()
  batch = {
    'target': {'x': pair.target_train.x[:16], 'y': pair.target_train.y[:16]}
  }
  state = method.init(jax.random.key(0), batch)
  after, _ = jax.jit(method.step)(state, batch, jax.random.key(1))
  expected, _ = plain.step(state, batch, jax.random.key(1))
  same = jax.tree.map(
    lambda a, b: bool(np.allclose(a, b, atol=1e-6)),
    after.params,
    expected.params,
  )
  assert all(jax.tree.leaves(same)) == (p == 1.0)
  _close(after.variables, expected.variables)
