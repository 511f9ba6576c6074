import importlib

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image, ImageEnhance, ImageOps
import pytest

from da_jax.data import augment

# The package's name of the module is that of its function.
module = importlib.import_module('da_jax.data.augment.randaugment')
HEIGHT, WIDTH = 24, 32
OPERATE = jax.jit(module.operate)
N = 3000


def _image(channels=3):
  rng = np.random.default_rng(0)
  x = rng.integers(20, 230, (HEIGHT // 4, WIDTH // 4, channels))
  x = x.repeat(4, 0).repeat(4, 1) + rng.integers(-9, 9, (HEIGHT, WIDTH, 1))
  return x.astype(np.uint8)


def _affine(image, *matrix):
  return image.transform(
    image.size,
    Image.Transform.AFFINE,
    matrix,
    Image.Resampling.BILINEAR,
    fillcolor=(127, 127, 127),
  )


def _enhance(kind):
  return lambda image, level: kind(image).enhance(1 + 0.9 * level)


# In the order of the table; level in [-1, 1].
PILLOW = {
  'autocontrast': lambda image, level: ImageOps.autocontrast(image),
  'equalize': lambda image, level: ImageOps.equalize(image),
  'posterize': lambda image, level: ImageOps.posterize(
    image, 8 - round(4 * abs(level))
  ),
  'solarize': lambda image, level: ImageOps.solarize(
    image, 256 * (1 - abs(level))
  ),
  'brightness': _enhance(ImageEnhance.Brightness),
  'contrast': _enhance(ImageEnhance.Contrast),
  'saturation': _enhance(ImageEnhance.Color),
  'sharpness': _enhance(ImageEnhance.Sharpness),
  'identity': lambda image, level: image,
  'rotate': lambda image, level: image.rotate(
    30 * level, Image.Resampling.BILINEAR, fillcolor=(127, 127, 127)
  ),
  'shear_x': lambda image, level: _affine(image, 1, 0.3 * level, 0, 0, 1, 0),
  'shear_y': lambda image, level: _affine(image, 1, 0, 0, 0.3 * level, 1, 0),
  'translate_x': lambda image, level: _affine(
    image, 1, 0, 150 / 331 * WIDTH * level, 0, 1, 0
  ),
  'translate_y': lambda image, level: _affine(
    image, 1, 0, 0, 0, 1, 150 / 331 * HEIGHT * level
  ),
}


def test_there_are_the_14_of_the_paper():
  assert module.OPERATIONS == len(PILLOW) == 14


@pytest.mark.parametrize('level', [-1.0, -0.4, 0.7, 1.0])
@pytest.mark.parametrize('name', PILLOW)
def test_operations_are_those_of_pillow(name, level):
  x, which = _image(), list(PILLOW).index(name)
  expected = np.asarray(PILLOW[name](Image.fromarray(x), level), np.float32)
  result = np.asarray(OPERATE(x.astype(np.float32), which, level))
  gap = np.abs(result - expected).max(-1)
  # Half a level of rounding in the degenerate image and one in the result;
  # Pillow does not blend the border of what it moves with the fill.
  assert np.mean(gap < 1.52) > (0.9 if which > 8 else 0.9999)


@pytest.mark.parametrize('which', [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
def test_a_level_of_0_is_the_identity(which):
  x = _image().astype(np.float32) + np.float32(0.3)
  np.testing.assert_array_equal(OPERATE(x, which, 0.0), x)


def _draws(monkeypatch, **settings):
  """Operations and levels of many images, in place of the images."""
  written = lambda image, operation, level: jnp.concatenate(
    [image[:, 1:], jnp.stack([operation, level])[:, None]], 1
  )
  monkeypatch.setattr(module, 'operate', written)
  function = augment.randaugment(**settings)
  keys = jax.random.split(jax.random.key(0), N)
  blank = jnp.full((2, 4), -9.0)
  return np.asarray(jax.jit(jax.vmap(function, (0, None)))(keys, blank))


def test_operations_and_signs_are_drawn_evenly(monkeypatch):
  draws = _draws(monkeypatch, count=3, magnitude=7)
  assert (draws[:, :, 0] == -9).all()  # three of four columns are written
  operations, levels = draws[:, 0, 1:], draws[:, 1, 1:]
  np.testing.assert_allclose(np.abs(levels), 0.7, rtol=1e-6)
  assert 0.47 < (levels > 0).mean() < 0.53
  values, counts = np.unique(operations, return_counts=True)
  np.testing.assert_array_equal(values, np.arange(14))
  np.testing.assert_allclose(counts / counts.sum(), 1 / 14, atol=0.012)
  repeated = np.mean(operations[:, 0] == operations[:, 1])
  assert abs(repeated - 1 / 14) < 0.02
  assert abs(np.corrcoef(operations[:, 0], operations[:, 1])[0, 1]) < 0.08


def test_no_operation_is_the_identity():
  x = _image().astype(np.float32)
  result = augment.randaugment(count=0)(jax.random.key(0), x)
  np.testing.assert_array_equal(result, x)


@pytest.mark.parametrize('magnitude', [-1, 11])
def test_names_a_magnitude_out_of_range(magnitude):
  with pytest.raises(ValueError, match=f'0 to 10, not {magnitude}'):
    augment.randaugment(magnitude=magnitude)
