import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np
import pytest

from da_jax.gradients import reverse_gradient

X = jnp.array([0.5, -1.0, 2.0])


def test_forward_is_the_identity_to_the_bit():
  np.testing.assert_array_equal(reverse_gradient(X, 0.3), X)


@pytest.mark.parametrize('strength', [0.0, 0.1, 1.0, 2.5])
def test_backward_is_minus_strength_times_the_gradient(strength):
  f = lambda x: jnp.sum(jnp.sin(x) * x)
  reversed_ = jax.grad(lambda x, s: f(reverse_gradient(x, s)))
  expected = -strength * jax.grad(f)(X)
  for function in (reversed_, jax.jit(reversed_)):
    np.testing.assert_allclose(function(X, strength), expected, rtol=1e-6)


def test_is_not_the_derivative_of_its_value():
  with pytest.raises(AssertionError):
    check_grads(lambda x: reverse_gradient(x, 1.0), (X,), 1, modes=['rev'])


def test_strength_is_traced_and_has_no_gradient():
  traces = []

  @jax.jit
  def gradient(x, strength):
    traces.append(None)
    return jax.grad(lambda x, s: reverse_gradient(x, s).sum(), (0, 1))(
      x, strength
    )

  for strength in (jnp.float32(0.2), jnp.float32(0.7)):
    to_x, to_strength = gradient(X, strength)
    np.testing.assert_allclose(to_x, -strength * jnp.ones(3))
    assert to_strength == 0
  assert len(traces) == 1


def test_works_under_vmap_and_in_bfloat16():
  xs = jnp.stack([X, 2 * X]).astype(jnp.bfloat16)
  gradient = jax.grad(lambda x: reverse_gradient(x, 0.5).sum())
  np.testing.assert_array_equal(jax.vmap(gradient)(xs), -0.5 * jnp.ones((2, 3)))
  assert jax.vmap(gradient)(xs).dtype == jnp.bfloat16
