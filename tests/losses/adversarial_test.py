import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np
import pytest

from da_jax.losses import domain_accuracy, domain_adversarial_loss

RNG = np.random.default_rng(0)
LOGITS_S = RNG.normal(size=5).astype(np.float32) * 2
LOGITS_T = RNG.normal(size=8).astype(np.float32) * 2


def test_equals_the_loop():
  p = lambda logit: 1 / (1 + np.exp(-np.float64(logit)))
  loss_s = -np.mean([np.log(p(logit)) for logit in LOGITS_S])
  loss_t = -np.mean([np.log(1 - p(logit)) for logit in LOGITS_T])
  for loss in (domain_adversarial_loss, jax.jit(domain_adversarial_loss)):
    np.testing.assert_allclose(
      loss(LOGITS_S, LOGITS_T), 0.5 * (loss_s + loss_t), rtol=1e-6
    )
  check_grads(
    domain_adversarial_loss, (LOGITS_S, LOGITS_T), 1, modes=['rev'], rtol=1e-2
  )


def test_equals_tllib_in_torch():
  """0.5 (BCE(sigmoid(d_s), 1) + BCE(sigmoid(d_t), 0))."""
  torch = pytest.importorskip('torch')
  bce = torch.nn.functional.binary_cross_entropy
  s = torch.tensor(LOGITS_S, requires_grad=True)
  t = torch.tensor(LOGITS_T, requires_grad=True)
  expected = 0.5 * (
    bce(s.sigmoid(), torch.ones_like(s)) + bce(t.sigmoid(), torch.zeros_like(t))
  )
  expected.backward()
  value, gradients = jax.value_and_grad(domain_adversarial_loss, (0, 1))(
    LOGITS_S, LOGITS_T
  )
  np.testing.assert_allclose(value, expected.item(), rtol=1e-6)
  np.testing.assert_allclose(gradients[0], s.grad, atol=1e-6)
  np.testing.assert_allclose(gradients[1], t.grad, atol=1e-6)


def test_domains_have_different_labels():
  certain = jnp.full(3, 20.0)
  assert domain_adversarial_loss(certain, -certain) < 1e-6
  assert domain_adversarial_loss(-certain, certain) > 10
  zeros = jnp.zeros(3)
  loss = domain_adversarial_loss(zeros, zeros)
  np.testing.assert_allclose(loss, np.log(2), rtol=1e-6)


def test_gradient_is_finite_and_not_zero_at_saturation():
  gradient = jax.grad(domain_adversarial_loss)(jnp.full(3, -200.0), LOGITS_T)
  np.testing.assert_allclose(gradient, -0.5 / 3, rtol=1e-6)


def test_domain_accuracy_weighs_domains_equally():
  logits_s, logits_t = jnp.array([1.0, 2.0]), jnp.array([1.0, 1.0, 1.0, -1.0])
  np.testing.assert_allclose(domain_accuracy(logits_s, logits_t), 0.625)


def test_matrices_are_refused():
  with pytest.raises(ValueError, match='logits'):
    domain_adversarial_loss(jnp.zeros((3, 1)), jnp.zeros((3, 1)))
