import jax
import numpy as np
import pytest

from da_jax.losses import cross_entropy, distillation, soft_cross_entropy

RNG = np.random.default_rng(0)
STUDENT, TEACHER = RNG.normal(size=(2, 5, 4)).astype(np.float32) * 3


@pytest.mark.parametrize('temperature', [1.0, 2.0, 5.0])
def test_equals_tllib_in_torch(temperature):
  """KLDivLoss('batchmean') of the softened logits, without T^2."""
  torch = pytest.importorskip('torch')
  functional = torch.nn.functional
  x = torch.tensor(STUDENT, dtype=torch.float64, requires_grad=True)
  p = torch.softmax(torch.tensor(TEACHER).double() / temperature, -1)
  log_q = functional.log_softmax(x / temperature, -1)
  expected = functional.kl_div(log_q, p, reduction='batchmean')
  expected.backward()
  loss = lambda z: distillation(z, TEACHER, temperature=temperature)
  value, gradient = jax.jit(jax.value_and_grad(loss))(STUDENT)
  np.testing.assert_allclose(value, expected.item(), rtol=1e-4)
  np.testing.assert_allclose(gradient, x.grad, atol=1e-6)


def test_agreement_costs_nothing_and_the_teacher_is_a_constant():
  np.testing.assert_allclose(distillation(TEACHER, TEACHER), 0, atol=1e-6)
  gradient = jax.grad(distillation)(TEACHER, TEACHER)
  np.testing.assert_allclose(gradient, 0, atol=1e-7)
  assert not np.any(jax.grad(distillation, 1)(STUDENT, TEACHER))


def test_hard_labels_are_a_special_case():
  y = np.array([0, 1, 2, 3, 0])
  value = soft_cross_entropy(STUDENT, np.eye(4, dtype=np.float32)[y])
  np.testing.assert_allclose(value, cross_entropy(STUDENT, y), rtol=1e-6)
  with pytest.raises(ValueError, match=r'\(5, 3\)'):
    soft_cross_entropy(STUDENT, np.zeros((5, 3)))
