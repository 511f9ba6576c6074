"""One step of EWC against its formula."""

import jax
import jax.numpy as jnp
import numpy as np

from da_jax.methods import ewc
from tests.methods.one_step import (
  MODEL,
  SGD,
  SOURCE_CLASSES,
  begun,
  flat,
  metrics_of,
)


def test_fisher_of_logistic_regression_in_closed_form():
  """y is drawn: mean over draws -> E_x sum_y p_y ([y = c] - p_c)^2 x_j^2."""
  rng = np.random.default_rng(0)
  w = rng.normal(size=(3, 4)).astype(np.float32)
  x = np.repeat(rng.normal(size=(4, 3)), 4000, axis=0).astype(np.float32)
  parts = np.array_split(x, 5)
  got = ewc.fisher(
    lambda w, x: x @ w,
    jnp.asarray(w),
    iter([{'target': {'x': part}} for part in parts]),
    jax.random.key(0),
  )
  z = x.astype(np.float64) @ w
  p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
  expected = (x**2).T @ (p * (1 - p)) / len(x)
  np.testing.assert_allclose(got, expected, rtol=0.05)


def test_ewc_weighs_by_the_fisher_information_and_spares_the_head():
  method = ewc.ewc(MODEL, SGD, source_classes=SOURCE_CLASSES, weight=3.0)
  state, moved = begun(method)
  assert metrics_of(method, state)['penalty'] == 0
  fisher = state.variables[ewc.FISHER]
  assert set(fisher) == {'backbone', 'bottleneck'}
  assert np.all(flat(fisher) >= 0) and flat(fisher).max() > 1e-4
  below = lambda params: flat({name: params['model'][name] for name in fisher})
  far = below(moved.params) - below(state.params)
  metrics = metrics_of(method, moved)
  expected = 0.5 * flat(fisher) @ far**2
  np.testing.assert_allclose(metrics['penalty'], expected, rtol=1e-4)
  np.testing.assert_allclose(
    metrics['loss'], metrics['target_loss'] + 3 * expected, rtol=1e-5
  )
