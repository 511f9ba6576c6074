import jax
import numpy as np
import pytest
from scipy import ndimage

from da_jax.data import augment
from da_jax.data.augment.blur import gaussian

N = 1000
GAUSSIAN = jax.jit(gaussian, static_argnums=2)


def _image(side=20, channels=3):
  rng = np.random.default_rng(0)
  return rng.uniform(0, 255, (side, side + 4, channels)).astype(np.float32)


@pytest.mark.parametrize('radius', [1, 11])
@pytest.mark.parametrize('sigma', [0.1, 0.8, 2.0])
@pytest.mark.parametrize('channels', [1, 3])
def test_gaussian_is_that_of_scipy(channels, sigma, radius):
  x = _image(channels=channels)
  expected = x.astype(np.float64)
  for axis in (0, 1):
    expected = ndimage.gaussian_filter1d(
      expected, sigma, axis, mode='mirror', radius=radius
    )
  np.testing.assert_allclose(GAUSSIAN(x, sigma, radius), expected, atol=1e-3)


@pytest.mark.parametrize(('side', 'width'), [(8, 3), (32, 3), (224, 23)])
def test_the_kernel_is_a_tenth_of_the_side(side, width):
  x = np.zeros((side, side, 1), np.float32)
  middle = side // 2
  x[middle, middle] = 255
  # With the largest sigma, 2, weights fall below float32 only far outside.
  keys = jax.random.split(jax.random.key(0), 20)
  blurred = jax.jit(jax.vmap(augment.blur(probability=1.0), (0, None)))(keys, x)
  touched = np.asarray(blurred)[:, middle, :, 0].max(0) > 0
  assert touched.sum() == width
  assert touched[middle - width // 2 : middle + width // 2 + 1].all()


def test_sigma_is_uniform_and_probability_holds():
  x = np.zeros((9, 9, 1), np.float32)
  x[4, 4] = 255
  keys = jax.random.split(jax.random.key(0), N)
  augmented = jax.jit(jax.vmap(augment.blur(probability=0.5), (0, None)))(
    keys, x
  )
  results = np.asarray(augmented)[..., 0]
  # exp(-1 / (2 sigma^2)) is the ratio of neighbours.
  ratio = results[:, 4, 5] / results[:, 4, 4]
  drawn = ratio[ratio > 0]
  sigma = np.sqrt(-0.5 / np.log(drawn))
  assert 0.1 <= sigma.min() < sigma.max() <= 2.001
  # Half are blurred, less those whose sigma shows nothing in float32.
  assert 0.4 < len(drawn) / N < 0.55
  assert abs(np.median(sigma[sigma > 0.2]) - 1.1) < 0.1


def test_a_probability_of_0_is_the_identity():
  x = _image()
  result = augment.blur(probability=0.0)(jax.random.key(0), x)
  np.testing.assert_array_equal(result, x)


def test_constant_images_stay_constant():
  x = np.full((32, 32, 3), 255, np.float32)
  result = augment.blur(probability=1.0)(jax.random.key(3), x)
  np.testing.assert_allclose(result, 255, atol=1e-3)
