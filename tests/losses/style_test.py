"""The losses of style transfer against loops over every entry."""

import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np
import pytest

from da_jax.losses import style

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(2, 3, 4, 5)).astype(np.float32)
OTHER = RNG.normal(size=(2, 6, 2, 5)).astype(np.float32)


def _slow_gram(maps):
  n, h, w, c = maps.shape
  grams = np.zeros((n, c, c))
  for k in range(n):
    for a in range(c):
      for b in range(c):
        for i in range(h):
          for j in range(w):
            product = float(maps[k, i, j, a]) * float(maps[k, i, j, b])
            grams[k, a, b] += product / (h * w * c)
  return grams


def _slow_style(maps, target):
  differences = _slow_gram(maps) - target
  return sum(d**2 for d in differences.ravel()) / 4 / len(maps)


def _slow_variation(images):
  n, h, w, c = images.shape
  total = 0.0
  for k in range(n):
    for i in range(h):
      for j in range(w):
        for a in range(c):
          x = float(images[k, i, j, a])
          if i + 1 < h:
            total += (float(images[k, i + 1, j, a]) - x) ** 2
          if j + 1 < w:
            total += (float(images[k, i, j + 1, a]) - x) ** 2
  return total / (n * h * w * c)


def _numeric_gradient(function, x, epsilon=1e-5):
  gradient = np.zeros(x.shape)
  for place in np.ndindex(x.shape):
    step = np.zeros(x.shape)
    step[place] = epsilon
    x64 = x.astype(np.float64)
    rise = function(x64 + step) - function(x64 - step)
    gradient[place] = rise / (2 * epsilon)
  return gradient


def test_gram_equals_the_loops():
  for gram in (style.gram, jax.jit(style.gram)):
    np.testing.assert_allclose(gram(MAPS), _slow_gram(MAPS), atol=1e-6)


def test_gram_knows_no_place_and_no_size():
  grams = style.gram(MAPS)
  mirrored = style.gram(MAPS[:, ::-1])
  np.testing.assert_allclose(mirrored, grams, atol=1e-6)
  tiled = style.gram(np.tile(MAPS, (1, 2, 3, 1)))
  np.testing.assert_allclose(tiled, grams, atol=1e-6)


def test_style_equals_the_paper():
  """E = sum (G - A)^2 / (4 N^2 M^2) of Gram matrices that are sums."""
  maps = MAPS[:1]
  other = RNG.normal(size=maps.shape).astype(np.float32)
  flat, flat_other = (
    m.reshape(-1, 5).astype(np.float64) for m in (maps, other)
  )
  difference = flat.T @ flat - flat_other.T @ flat_other
  expected = (difference**2).sum() / (4 * 5**2 * 12**2)
  value = style.style_loss(maps, style.gram(other))
  np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_style_and_its_gradient_equal_the_loops():
  target = _slow_gram(OTHER)
  loss = lambda maps: style.style_loss(maps, jnp.float32(target))
  value, gradient = jax.value_and_grad(loss)(MAPS)
  np.testing.assert_allclose(value, _slow_style(MAPS, target), rtol=1e-5)
  expected = _numeric_gradient(lambda m: _slow_style(m, target), MAPS)
  np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_content_and_its_gradient_equal_numpy():
  other = RNG.normal(size=MAPS.shape).astype(np.float32)
  value, gradient = jax.value_and_grad(style.content_loss)(MAPS, other)
  np.testing.assert_allclose(value, np.mean((MAPS - other) ** 2), rtol=1e-5)
  expected = 2 * (MAPS - other) / MAPS.size
  np.testing.assert_allclose(gradient, expected, atol=1e-7)


def test_variation_and_its_gradient_equal_the_loops():
  value, gradient = jax.value_and_grad(style.total_variation)(MAPS)
  np.testing.assert_allclose(value, _slow_variation(MAPS), rtol=1e-5)
  expected = _numeric_gradient(_slow_variation, MAPS)
  np.testing.assert_allclose(gradient, expected, atol=1e-6)
  check_grads(style.total_variation, (MAPS,), 1, modes=['rev'], rtol=1e-2)


def test_flat_images_have_no_variation():
  assert style.total_variation(jnp.full((1, 4, 5, 3), 7.0)) == 0
  assert style.total_variation(jnp.ones((1, 1, 1, 3))) == 0


def test_bfloat16_is_computed_in_float32():
  for value in (
    style.gram(jnp.asarray(MAPS, jnp.bfloat16)),
    style.total_variation(jnp.asarray(MAPS, jnp.bfloat16)),
    style.content_loss(jnp.asarray(MAPS, jnp.bfloat16), MAPS),
  ):
    assert value.dtype == jnp.float32


def test_shapes_that_do_not_fit_are_named():
  with pytest.raises(ValueError, match=r'\(2, 4, 4\)'):
    style.style_loss(MAPS, jnp.zeros((2, 4, 4)))
  with pytest.raises(ValueError, match=r'\(2, 6, 2, 5\)'):
    style.content_loss(MAPS, OTHER)
