import colorsys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax.data.augment import colour, enhance

N = 2000


def _image(side=6, channels=3):
  rng = np.random.default_rng(0)
  x = rng.integers(0, 256, (side, side, channels))
  x[0] = x[0, :, :1]  # greys have no hue
  x[1] = x[1] // 200 * 255  # the corners of the cube have two largest
  return np.float32(x)


def _many(augment, x):
  keys = jax.random.split(jax.random.key(0), N)
  return np.asarray(jax.jit(jax.vmap(augment, (0, None)))(keys, x))


def _turned(x, shift):
  def turn(pixel):
    h, s, v = colorsys.rgb_to_hsv(*(pixel / 255))
    return 255 * np.array(colorsys.hsv_to_rgb((h + shift) % 1, s, v))

  return np.apply_along_axis(turn, -1, x.astype(np.float64))


@pytest.mark.parametrize('shift', [-0.5, -0.1, 0.0, 0.07, 0.5, 1.0])
def test_hue_is_that_of_colorsys(shift):
  x = _image()
  np.testing.assert_allclose(colour.hue(x, shift), _turned(x, shift), atol=2e-3)


def test_a_strength_of_0_is_the_identity():
  x = _image()
  result = colour.jitter(strength=0.0)(jax.random.key(0), x)
  np.testing.assert_allclose(result, x, atol=1e-3)


def test_jitter_of_grey_is_brightness_and_contrast_alone():
  x = np.float32([100, 110, 130, 150]).reshape(2, 2, 1)
  results = _many(colour.jitter(strength=0.4), x).reshape(N, 4)
  # Nothing is cut off: affine maps, their slope the product of two factors.
  slopes = (results[:, 1:] - results[:, :1]) / (x.ravel()[1:] - x.ravel()[0])
  np.testing.assert_allclose(slopes, slopes[:, :1] + [0, 0, 0], rtol=1e-4)
  assert 0.6**2 <= slopes.min() < 0.45
  assert 1.75 < slopes.max() <= 1.4**2
  # Contrast keeps the mean, brightness alone changes it.
  means = results.mean(1) / x.mean()
  assert 0.6 - 1e-5 <= means.min() < 0.62
  assert 1.38 < means.max() <= 1.4 + 1e-5


def test_jitter_draws_factors_shift_and_order_as_torchvision_does():
  x = np.float32([[[100, 110, 90], [120, 95, 100]]])
  results = _many(colour.jitter(strength=0.2), x)
  rng = np.random.default_rng(0)
  functions = (
    lambda x, f: f * x,
    lambda x, f: f * x + (1 - f) * np.mean(x @ enhance._LUMA),
    lambda x, f: f * x + (1 - f) * (x @ enhance._LUMA)[..., None],
    _turned,
  )
  expected = []
  for _ in range(N):
    y, factors = x, [*rng.uniform(0.8, 1.2, 3), rng.uniform(-0.05, 0.05)]
    for i in rng.permutation(4):
      y = functions[i](y, factors[i])
    expected.append(y)
  for one, other in zip(
    results.reshape(N, -1).T, np.reshape(expected, (N, -1)).T, strict=True
  ):
    quantiles = np.linspace(0.1, 0.9, 9)
    gap = np.abs(np.quantile(one, quantiles) - np.quantile(other, quantiles))
    # Standard errors of quantiles of 2000 draws, twice, are about 1.5 %.
    assert (gap < 0.06 * np.ptp(other)).all()


def test_jitter_applies_all_four_in_every_order(monkeypatch):
  digits = [lambda image, amount, i=i: image * 10 + i for i in range(1, 5)]
  for i, name in enumerate(['brightness', 'contrast', 'saturation']):
    monkeypatch.setattr(enhance, name, digits[i])
  monkeypatch.setattr(colour, 'hue', digits[3])
  orders = _many(colour.jitter(strength=0.4), jnp.zeros([]))
  values, counts = np.unique(orders, return_counts=True)
  assert len(values) == 24
  assert {''.join(sorted(str(int(value)))) for value in values} == {'1234'}
  # 83 of each on average, give or take 9.
  assert 45 < counts.min() <= counts.max() < 130


@pytest.mark.parametrize('probability', [0.0, 0.2, 1.0])
def test_grey_holds_its_probability(probability):
  x = _image()
  results = _many(colour.grey(probability=probability), x)
  luma = np.broadcast_to(
    x @ np.float32([0.299, 0.587, 0.114])[:, None], x.shape
  )
  is_grey = np.abs(results - luma).max((1, 2, 3)) < 1e-3
  is_same = (results == x).all((1, 2, 3))
  assert (is_grey ^ is_same).all()
  assert abs(is_grey.mean() - probability) <= 0.04 * (0 < probability < 1)


def test_grey_leaves_grey_images():
  x = _image(channels=1)
  np.testing.assert_array_equal(
    _many(colour.grey(probability=0.5), x)[:9], np.stack([x] * 9)
  )
