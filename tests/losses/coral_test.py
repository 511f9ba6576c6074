import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np
import pytest

from da_jax.losses import coral

RNG = np.random.default_rng(0)
Z_S = RNG.normal(size=(6, 4)).astype(np.float32)
Z_T = (RNG.normal(size=(9, 4)) * 2 + 1).astype(np.float32)


def _slow(z_s, z_t):
  d = z_s.shape[1]
  total = 0.0
  for a in range(d):
    for b in range(d):
      c = []
      for z in (z_s.astype(np.float64), z_t.astype(np.float64)):
        mean = z.mean(axis=0)
        c.append(sum((r[a] - mean[a]) * (r[b] - mean[b]) for r in z))
      total += (c[0] / (len(z_s) - 1) - c[1] / (len(z_t) - 1)) ** 2
  return total / (4 * d * d)


def test_equals_the_double_loop():
  for loss in (coral, jax.jit(coral)):
    np.testing.assert_allclose(loss(Z_S, Z_T), _slow(Z_S, Z_T), rtol=1e-5)
  check_grads(coral, (Z_S, Z_T), 1, modes=['rev'], rtol=1e-2)


def test_equals_torch():
  torch = pytest.importorskip('torch')
  z_s = torch.tensor(Z_S, requires_grad=True)
  z_t = torch.tensor(Z_T, requires_grad=True)
  difference = torch.cov(z_s.T) - torch.cov(z_t.T)
  expected = (difference**2).sum() / (4 * Z_S.shape[1] ** 2)
  expected.backward()
  value, gradients = jax.value_and_grad(coral, (0, 1))(Z_S, Z_T)
  np.testing.assert_allclose(value, expected.item(), rtol=1e-5)
  np.testing.assert_allclose(gradients[0], z_s.grad, atol=1e-5)
  np.testing.assert_allclose(gradients[1], z_t.grad, atol=1e-5)


def test_known_covariances():
  z_s = jnp.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
  np.testing.assert_allclose(coral(z_s, 2 * z_s), 2 * 2.0**2 / 16, rtol=1e-6)


def test_identities():
  assert coral(Z_S, Z_S) == 0
  np.testing.assert_allclose(coral(Z_S, Z_S + 5), 0, atol=1e-9)
  np.testing.assert_allclose(coral(Z_S, Z_T), coral(Z_T, Z_S), rtol=1e-6)
  gradient = jax.grad(coral)(jnp.asarray(Z_S), jnp.asarray(Z_S))
  np.testing.assert_allclose(gradient, 0, atol=1e-8)


def test_wide_features_do_not_overflow():
  z = jnp.ones((4, 60000)).at[0].set(2.0)
  assert np.isfinite(coral(z[:, :3000], z[:, 1:3001]))


def test_bfloat16_is_computed_in_float32():
  value = coral(jnp.asarray(Z_S, jnp.bfloat16), jnp.asarray(Z_T, jnp.bfloat16))
  assert value.dtype == jnp.float32
  np.testing.assert_allclose(value, _slow(Z_S, Z_T), rtol=3e-2)


@pytest.mark.parametrize('shape', [(5, 3), (1, 4)])
def test_shapes_that_do_not_fit_are_named(shape):
  with pytest.raises(ValueError, match=r'\(9, 4\)'):
    coral(np.zeros(shape, np.float32), Z_T)
