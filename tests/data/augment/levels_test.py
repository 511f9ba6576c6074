import jax
import numpy as np
from PIL import Image, ImageOps
import pytest

from da_jax.data.augment import levels

EQUALIZE = jax.jit(levels.equalize)


def _image(channels=3, seed=0):
  """Pixels from 40 to 199, dark ones the most frequent."""
  shares = np.random.default_rng(seed).random((30, 40, channels))
  return (40 + 160 * shares**2).astype(np.uint8)


def _float(x):
  return x.astype(np.float32)


def test_autocontrast_is_that_of_pillow():
  x = _image()
  expected = np.asarray(ImageOps.autocontrast(Image.fromarray(x)))
  result = levels.autocontrast(_float(x))
  np.testing.assert_allclose(result, expected, atol=1.01)
  np.testing.assert_allclose(result.min((0, 1)), 0, atol=1e-3)
  np.testing.assert_allclose(result.max((0, 1)), 255, atol=1e-3)


@pytest.mark.parametrize('channels', [1, 3])
def test_equalize_is_that_of_pillow(channels):
  x = _image(channels)
  image = Image.fromarray(x[..., 0] if channels == 1 else x)
  expected = np.asarray(ImageOps.equalize(image)).reshape(x.shape)
  assert not np.array_equal(expected, x)
  np.testing.assert_array_equal(EQUALIZE(_float(x)), expected)


def test_equalize_leaves_few_pixels_and_constant_channels():
  for x in (_image()[:5, :5], np.full((30, 40, 3), 7, np.uint8)):
    expected = np.asarray(ImageOps.equalize(Image.fromarray(x)))
    np.testing.assert_array_equal(expected, x)
    np.testing.assert_array_equal(EQUALIZE(_float(x)), x)


def test_autocontrast_leaves_constant_channels():
  x = _image()
  x[..., 1] = 9
  result = np.asarray(levels.autocontrast(_float(x)))
  np.testing.assert_array_equal(result[..., 1], 9)
  assert np.ptp(result[..., 0]) > 254


@pytest.mark.parametrize('bits', [0, 1, 4, 7])
def test_posterize_is_that_of_pillow(bits):
  x = _image()
  expected = np.asarray(ImageOps.posterize(Image.fromarray(x), 8 - bits))
  np.testing.assert_array_equal(levels.posterize(_float(x), bits), expected)


def test_posterize_takes_the_nearest_level():
  x = np.float32([63.9999, 64.2, 63.4]).reshape(1, 3, 1)
  result = levels.posterize(x, 4).ravel()
  np.testing.assert_array_equal(result, [64, 64, 48])


@pytest.mark.parametrize('threshold', [0, 90, 256])
def test_solarize_is_that_of_pillow(threshold):
  x = _image()
  expected = np.asarray(ImageOps.solarize(Image.fromarray(x), threshold))
  np.testing.assert_array_equal(levels.solarize(_float(x), threshold), expected)
