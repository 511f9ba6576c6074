import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np
import pytest

from da_jax.losses import accuracy, cross_entropy

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(7, 4)).astype(np.float32) * 3
Y = RNG.integers(4, size=7).astype(np.int32)


def _slow(logits, y, smoothing):
  total = 0.0
  for row, label in zip(logits.astype(np.float64), y, strict=True):
    log_p = row - np.log(np.sum(np.exp(row)))
    for c in range(len(row)):
      q = (1 - smoothing) * (c == label) + smoothing / len(row)
      total -= q * log_p[c]
  return total / len(y)


@pytest.mark.parametrize('smoothing', [0.0, 0.1])
def test_equals_the_double_loop(smoothing):
  loss = lambda z: cross_entropy(z, Y, label_smoothing=smoothing)
  expected = _slow(LOGITS, Y, smoothing)
  for function in (loss, jax.jit(loss)):
    np.testing.assert_allclose(function(LOGITS), expected, rtol=1e-6)
  check_grads(loss, (LOGITS,), 1, modes=['rev'], rtol=1e-2)


@pytest.mark.parametrize('smoothing', [0.0, 0.1])
def test_equals_torch(smoothing):
  torch = pytest.importorskip('torch')
  logits = torch.tensor(LOGITS, requires_grad=True)
  expected = torch.nn.functional.cross_entropy(
    logits, torch.tensor(Y).long(), label_smoothing=smoothing
  )
  expected.backward()
  loss = lambda z: cross_entropy(z, Y, label_smoothing=smoothing)
  value, gradient = jax.value_and_grad(loss)(LOGITS)
  np.testing.assert_allclose(value, expected.item(), rtol=1e-6)
  np.testing.assert_allclose(gradient, logits.grad, atol=1e-6)


def test_bfloat16_logits_are_summed_in_float32():
  loss = cross_entropy(jnp.asarray(LOGITS, jnp.bfloat16), Y)
  assert loss.dtype == jnp.float32
  np.testing.assert_allclose(loss, _slow(LOGITS, Y, 0.0), rtol=2e-2)


def test_shapes_that_do_not_fit_are_named():
  with pytest.raises(ValueError, match=r'\(7, 4\), \(6,\)'):
    cross_entropy(LOGITS, Y[:6])


def test_accuracy_counts_rows():
  logits = jnp.array([[2.0, 1.0], [0.0, 1.0], [3.0, 0.0]])
  np.testing.assert_allclose(accuracy(logits, jnp.array([0, 1, 1])), 2 / 3)
