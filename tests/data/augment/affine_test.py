import jax
import numpy as np
from PIL import Image
import pytest

from da_jax.data.augment import affine

HEIGHT, WIDTH = 24, 31
WARP = jax.jit(affine.warp)


def _image(channels=3):
  rng = np.random.default_rng(0)
  x = rng.integers(0, 256, (HEIGHT // 4, WIDTH // 4 + 1, channels))
  return x.repeat(4, 0).repeat(4, 1)[:, :WIDTH].astype(np.uint8)


def _inside(matrix):
  """Where the pixel, bilinear, is of pixels of the image alone."""
  y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
  (a, b, c), (d, e, f) = np.asarray(matrix, np.float64)
  across, down = a * x + b * y + c, d * x + e * y + f
  inside = (across > 0.5) & (across < WIDTH - 0.5)
  return inside & (down > 0.5) & (down < HEIGHT - 0.5), across, down


def _like_pillow(matrix, expected, x):
  result = np.asarray(WARP(x.astype(np.float32), matrix))
  inside, across, down = _inside(matrix)
  assert inside.mean() > 0.3
  # Pillow rounds to whole levels, and its coordinates are fixed-point.
  np.testing.assert_allclose(
    result[inside], np.asarray(expected)[inside], atol=1.5
  )
  outside = (across < -0.5) | (across > WIDTH + 0.5)
  outside |= (down < -0.5) | (down > HEIGHT + 0.5)
  np.testing.assert_allclose(result[outside], 127.5, atol=1e-3)


@pytest.mark.parametrize(
  'matrix',
  [
    affine.shear(0.3, 0.0),
    affine.shear(-0.2, 0.0),
    affine.shear(0.0, 0.25),
    affine.translation(4.5, 0.0),
    affine.translation(0.0, -3.0),
    affine.rotation(np.radians(-17.0), HEIGHT, WIDTH),
  ],
)
def test_warp_is_that_of_pillow(matrix):
  x = _image()
  expected = Image.fromarray(x).transform(
    (WIDTH, HEIGHT),
    Image.Transform.AFFINE,
    np.asarray(matrix, np.float64).ravel(),
    Image.Resampling.BILINEAR,
  )
  _like_pillow(matrix, expected, x)


@pytest.mark.parametrize('degrees', [-30.0, 10.0])
def test_rotation_is_that_of_pillow(degrees):
  x = _image()
  expected = Image.fromarray(x).rotate(degrees, Image.Resampling.BILINEAR)
  matrix = affine.rotation(np.radians(degrees), HEIGHT, WIDTH)
  _like_pillow(matrix, expected, x)


def test_shear_fixes_the_top_left_corner():
  matrix = np.asarray(affine.shear(0.3, 0.0), np.float64)
  np.testing.assert_allclose(matrix @ [0, 0, 1], [0, 0])
  np.testing.assert_allclose(matrix @ [5, 10, 1], [8, 10], rtol=1e-6)


@pytest.mark.parametrize('channels', [1, 3])
def test_a_translation_by_whole_pixels_moves_them(channels):
  x = _image(channels).astype(np.float32)
  expected = np.full_like(x, 127.5)
  expected[2:, :-3] = x[:-2, 3:]
  result = WARP(x, affine.translation(3.0, -2.0))
  np.testing.assert_array_equal(result, expected)


def test_nothing_moves_without_a_map():
  x = _image().astype(np.float32) + np.float32(0.3)
  np.testing.assert_array_equal(WARP(x, affine.translation(0.0, 0.0)), x)
  np.testing.assert_array_equal(WARP(x, affine.rotation(0.0, *x.shape[:2])), x)
