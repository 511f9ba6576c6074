"""Adaptive instance normalisation against loops over every entry."""

import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np
import pytest

from da_jax.losses.adain import adain, moments

RNG = np.random.default_rng(0)
X = RNG.normal(2.0, 3.0, size=(2, 3, 4, 5)).astype(np.float32)
Y = RNG.normal(-1.0, 0.5, size=(2, 6, 2, 5)).astype(np.float32)


def _slow(x, y):
  result = np.zeros(x.shape)
  for n in range(len(x)):
    for c in range(x.shape[-1]):
      own = [float(v) for v in x[n, :, :, c].ravel()]
      other = [float(v) for v in y[n, :, :, c].ravel()]
      mean_x, mean_y = sum(own) / len(own), sum(other) / len(other)
      var_x = sum((v - mean_x) ** 2 for v in own) / len(own)
      var_y = sum((v - mean_y) ** 2 for v in other) / len(other)
      for i in range(x.shape[1]):
        for j in range(x.shape[2]):
          unit = (float(x[n, i, j, c]) - mean_x) / np.sqrt(var_x + 1e-5)
          result[n, i, j, c] = np.sqrt(var_y + 1e-5) * unit + mean_y
  return result


def test_equals_the_loops():
  for function in (adain, jax.jit(adain)):
    np.testing.assert_allclose(function(X, Y), _slow(X, Y), atol=1e-5)


def test_has_the_moments_of_the_style():
  for found, expected in zip(moments(adain(X, Y)), moments(Y), strict=True):
    np.testing.assert_allclose(found, expected, rtol=1e-3)
  np.testing.assert_allclose(adain(X, X), X, atol=1e-5)


def test_gradients():
  check_grads(adain, (X, Y), 1, modes=['rev'], atol=1e-2, rtol=1e-2)


def test_channels_without_variance_stay_finite():
  flat = X.copy()
  flat[..., 1] = 7.0
  result = adain(flat, Y)
  mean = Y[..., 1].mean((1, 2))[:, None, None]
  np.testing.assert_allclose(result[..., 1], mean + 0 * X[..., 1], atol=1e-5)
  for x, y in ((flat, Y), (X, np.full_like(Y, 3.0)), (flat, 0 * Y)):
    loss = lambda x, y: jnp.sum(adain(x, y) ** 2)
    for gradient in jax.grad(loss, (0, 1))(x, y):
      assert np.all(np.isfinite(gradient))


def test_large_means_do_not_cancel():
  """Activations of Caffe's networks are in the thousands."""
  shifted = adain(X + 4096, Y)
  np.testing.assert_allclose(shifted, _slow(X, Y), atol=2e-3)


def test_bfloat16_is_computed_in_float32():
  assert adain(jnp.bfloat16(X), jnp.bfloat16(Y)).dtype == jnp.float32


def test_shapes_that_do_not_fit_are_named():
  with pytest.raises(ValueError, match=r'\(1, 6, 2, 5\)'):
    adain(X, Y[:1])
  with pytest.raises(ValueError, match=r'\(2, 6, 2, 4\)'):
    adain(X, Y[..., :4])
