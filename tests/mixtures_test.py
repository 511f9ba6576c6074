"""Mixed inputs, predicted like others."""

import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import evaluate, mixtures
from da_jax.data import transforms
from da_jax.types import Prediction


def test_what_is_prepared_is_mixed_and_the_network_compiled_once():
  rng = np.random.default_rng(0)
  x = rng.integers(256, size=(40, 4, 4, 3)).astype(np.uint8)
  pairs = rng.integers(40, size=(40, 2))
  traced = []

  def network(state, x):
    traced.append(x.shape)
    return Prediction(jnp.mean(x, (1, 2)), jnp.sum(state * x**2, (1, 2)))

  _, prepare = transforms.small()
  predict = evaluate.compile_predict(network, prepare, batch_size=16)
  state = jnp.float32(3.0)
  plain, mixed = predict(state, x), predict(state, mixtures.Mixtures(x, pairs))
  scaled = (x.astype(np.float64) / 255 - 0.5) / 0.5
  for i, j, features, logits in zip(*pairs.T, *mixed, strict=True):
    one = 0.55 * scaled[i] + 0.45 * scaled[j]
    np.testing.assert_allclose(features, one.mean((0, 1)), atol=1e-6)
    np.testing.assert_allclose(logits, 3 * (one**2).sum((0, 1)), rtol=1e-5)
  np.testing.assert_allclose(plain.features, scaled.mean((1, 2)), atol=1e-6)
  assert traced == [(16, 4, 4, 3)]


@pytest.mark.parametrize(
  ('factory', 'dtype', 'mixes'),
  [
    (transforms.rows, np.float32, True),
    (transforms.small, np.uint8, True),
    (transforms.ids, np.int32, False),
  ],
)
def test_all_but_ids_can_be_mixed(factory, dtype, mixes):
  _, prepare = factory()
  why = mixtures.why_not(prepare, np.ones((3, 4, 4, 3), dtype))
  assert (why is None) == mixes
