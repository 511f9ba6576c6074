import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image, ImageEnhance
import pytest

from da_jax.data.augment import enhance

PILLOW = {
  'brightness': ImageEnhance.Brightness,
  'contrast': ImageEnhance.Contrast,
  'saturation': ImageEnhance.Color,
  'sharpness': ImageEnhance.Sharpness,
}
ENHANCE = {name: jax.jit(getattr(enhance, name)) for name in PILLOW}


def _image(channels=3):
  rng = np.random.default_rng(0)
  return rng.integers(0, 256, (13, 17, channels)).astype(np.uint8)


def _enhance(name, x, factor):
  return ENHANCE[name](jnp.float32(x), factor)


@pytest.mark.parametrize('factor', [0.0, 0.1, 0.7, 1.0, 1.9])
@pytest.mark.parametrize('name', PILLOW)
def test_is_that_of_pillow(name, factor):
  x = _image()
  expected = PILLOW[name](Image.fromarray(x)).enhance(factor)
  result = _enhance(name, x, factor)
  # Pillow rounds the degenerate image (half a level, times |1 - f|) and cuts
  # off the fraction of the result.
  np.testing.assert_allclose(result, np.asarray(expected), atol=1.51)
  gap = np.mean(np.asarray(result) - np.asarray(expected))
  assert abs(gap) < 1.01


@pytest.mark.parametrize('factor', [0.3, 1.7])
@pytest.mark.parametrize('name', ['brightness', 'contrast', 'sharpness'])
def test_grey_images_are_those_of_pillow(name, factor):
  x = _image(1)
  expected = PILLOW[name](Image.fromarray(x[..., 0])).enhance(factor)
  result = _enhance(name, x, factor)[..., 0]
  np.testing.assert_allclose(result, np.asarray(expected), atol=1.51)


def test_a_grey_image_has_no_saturation_to_change():
  x = _image(1).astype(np.float32)
  np.testing.assert_array_equal(enhance.saturation(x, 0.3), x)


@pytest.mark.parametrize('name', PILLOW)
def test_a_factor_of_1_is_the_identity(name):
  x = _image().astype(np.float32)
  np.testing.assert_array_equal(_enhance(name, x, 1.0), x)


def test_luma_is_that_of_pillow():
  x = _image()
  expected = np.asarray(Image.fromarray(x).convert('L'))
  result = enhance.luma(x.astype(np.float32))[..., 0]
  np.testing.assert_allclose(result, expected, atol=0.51)
