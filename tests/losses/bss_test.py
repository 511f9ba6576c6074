import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np
import pytest

from da_jax.losses import batch_spectral_shrinkage

RNG = np.random.default_rng(0)
TALL, WIDE = RNG.normal(size=(7, 4)), RNG.normal(size=(4, 7))


@pytest.mark.parametrize('z', [TALL, WIDE], ids=['n>d', 'n<d'])
@pytest.mark.parametrize('k', [1, 3, 4])
def test_equals_torch_in_float64(z, k):
  torch = pytest.importorskip('torch')
  x = torch.tensor(z, requires_grad=True)
  expected = (torch.linalg.svdvals(x)[-k:] ** 2).sum()
  expected.backward()
  loss = lambda z: batch_spectral_shrinkage(z, k=k)
  value, gradient = jax.jit(jax.value_and_grad(loss))(z.astype(np.float32))
  np.testing.assert_allclose(value, expected.item(), rtol=1e-4)
  np.testing.assert_allclose(gradient, x.grad, atol=1e-4)


def test_gradient_agrees_with_differences():
  z = TALL.astype(np.float32)
  check_grads(batch_spectral_shrinkage, (z,), 1, modes=['rev'], rtol=2e-2)


def test_all_singular_values_are_the_squared_norm():
  value = batch_spectral_shrinkage(WIDE.astype(np.float32), k=4)
  np.testing.assert_allclose(value, np.sum(WIDE**2), rtol=1e-5)


@pytest.mark.parametrize(
  'z', [np.eye(4), np.zeros((5, 3)), np.ones((4, 3))], ids=['equal', '0', '1']
)
def test_gradient_is_finite_where_singular_values_coincide(z):
  loss = lambda z: batch_spectral_shrinkage(z, k=2)
  gradient = jax.grad(loss)(jnp.asarray(z, jnp.float32))
  assert np.all(np.isfinite(gradient))
  # Of a homogeneous function of degree 2 (Euler).
  twice = 2 * loss(jnp.asarray(z, jnp.float32))
  np.testing.assert_allclose(jnp.sum(gradient * z), twice, atol=1e-5)


def test_too_many_singular_values_are_refused():
  with pytest.raises(ValueError, match=r'\(7, 4\), 5'):
    batch_spectral_shrinkage(TALL, k=5)
