import jax
import jax.numpy as jnp
import numpy as np

from da_jax.losses import squared_norm, starting_point_penalty

RNG = np.random.default_rng(0)


def _tree():
  draw = lambda *shape: RNG.normal(size=shape).astype(np.float32)
  return {'a': {'kernel': draw(3, 2), 'bias': draw(2)}, 'b': draw(4)}


PARAMS, START = _tree(), _tree()
IMPORTANCE = jax.tree.map(np.abs, _tree())


def _flat(tree):
  return np.concatenate([np.ravel(x) for x in jax.tree.leaves(tree)])


def test_equals_the_sum_over_all_entries():
  w, w0, f = (_flat(t).astype(np.float64) for t in (PARAMS, START, IMPORTANCE))
  value, gradient = jax.value_and_grad(starting_point_penalty)(
    PARAMS, START, IMPORTANCE
  )
  np.testing.assert_allclose(value, 0.5 * sum(f * (w - w0) ** 2), rtol=1e-6)
  np.testing.assert_allclose(_flat(gradient), f * (w - w0), rtol=1e-5)
  plain, gradient = jax.value_and_grad(starting_point_penalty)(PARAMS, START)
  np.testing.assert_allclose(plain, 0.5 * sum((w - w0) ** 2), rtol=1e-6)
  np.testing.assert_allclose(_flat(gradient), w - w0, rtol=1e-5)
  np.testing.assert_allclose(squared_norm(PARAMS), 0.5 * w @ w, rtol=1e-6)


def test_nothing_at_the_start_and_of_nothing():
  value, gradient = jax.value_and_grad(starting_point_penalty)(START, START)
  assert value == 0 and not np.any(_flat(gradient))
  assert squared_norm({}) == 0 and squared_norm({}).dtype == jnp.float32
