import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from da_jax.data import transforms

MEAN = np.float32([0.485, 0.456, 0.406])
STD = np.float32([0.229, 0.224, 0.225])
SIZE = 28  # stored as 32
_QUANTILES = np.linspace(0.1, 0.9, 9)
AUGMENT = jax.jit(transforms.standard(SIZE)[0])


def _images(n=6, side=32, seed=0):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, (n, side, side, 3)).astype(np.uint8)


def _levels(x):
  return np.asarray(x) * STD * 255 + MEAN * 255


def test_small_normalises_and_does_not_augment():
  x = np.array([0, 51, 255], np.uint8).reshape(1, 1, 3, 1)
  augment, prepare = transforms.small(0.5, 0.25)
  expected = np.float32([-2, -1.2, 2]).reshape(x.shape)
  np.testing.assert_allclose(prepare(x), expected, rtol=1e-6)
  np.testing.assert_array_equal(augment(jax.random.key(0), x), prepare(x))
  assert prepare(x).dtype == jnp.float32


def test_small_takes_a_mean_for_every_channel():
  _, prepare = transforms.small((0.0, 0.5, 1.0), (1.0, 0.5, 0.25))
  x = np.full((1, 2, 2, 3), 255, np.uint8)
  np.testing.assert_array_equal(prepare(x)[0, 0, 0], [1, 1, 0])


def test_rows_are_left_alone():
  x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
  augment, prepare = transforms.rows()
  np.testing.assert_array_equal(prepare(x), x)
  np.testing.assert_array_equal(augment(jax.random.key(0), x), x)


def test_stored_size_is_that_of_the_papers():
  assert transforms.stored_size(224) == 256


def test_prepare_crops_the_centre():
  x = _images()
  _, prepare = transforms.standard(SIZE)
  expected = (x[:, 2:-2, 2:-2] / np.float32(255) - MEAN) / STD
  np.testing.assert_allclose(jax.jit(prepare)(x), expected, atol=1e-6)


def test_augment_is_seeded_and_stays_in_range():
  x = _images()
  one, again = (AUGMENT(jax.random.key(1), x) for _ in range(2))
  assert one.shape == (6, SIZE, SIZE, 3)
  assert one.dtype == jnp.float32
  np.testing.assert_array_equal(one, again)
  assert not np.allclose(one, AUGMENT(jax.random.key(2), x))
  levels = _levels(one)
  assert levels.min() > -0.01
  assert levels.max() < 255.01


def test_augment_of_an_example_depends_on_its_place_alone():
  x, key = _images(), jax.random.key(0)
  many = AUGMENT(key, x)
  np.testing.assert_allclose(AUGMENT(key, x[:2]), many[:2], atol=1e-5)
  others = np.concatenate([_images(2, seed=1), x[2:]])
  np.testing.assert_allclose(AUGMENT(key, others)[2:], many[2:], atol=1e-5)


def test_augment_draws_for_every_example():
  x = np.repeat(_images(1), 8, axis=0)
  augmented = AUGMENT(jax.random.key(0), x)
  assert len(np.unique(np.asarray(augmented), axis=0)) == 8


def test_augment_leaves_a_constant_image_constant():
  x = np.full((16, 32, 32, 3), 200, np.uint8)
  augmented = AUGMENT(jax.random.key(0), x)
  np.testing.assert_allclose(_levels(augmented), 200, atol=1e-2)


def test_flips_half_of_the_time():
  ramp = np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None], (32, 32, 3))
  x = np.broadcast_to(ramp, (400, 32, 32, 3))
  augmented = AUGMENT(jax.random.key(0), x)[..., 0]
  flipped = np.mean(augmented[:, 0, 0] > augmented[:, 0, -1])
  assert 0.42 < flipped < 0.58


def _torchvision_box(rng, side):
  """RandomResizedCrop.get_params of torchvision, written again."""
  for _ in range(10):
    area = side**2 * rng.uniform(0.08, 1)
    ratio = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
    width, height = round(np.sqrt(area * ratio)), round(np.sqrt(area / ratio))
    if 0 < width <= side and 0 < height <= side:
      top = rng.integers(0, side - height + 1)
      left = rng.integers(0, side - width + 1)
      return top, left, height, width
  return 0, 0, side, side


def test_draws_boxes_as_torchvision_does():
  side, n = 256, 4000
  keys = jax.random.split(jax.random.key(0), n)
  draw = jax.jit(jax.vmap(lambda key: transforms._draw(key, side)[0]))
  boxes = np.asarray(draw(keys))
  assert (boxes[:, :2] >= 0).all()
  assert (boxes[:, 2:] >= 1).all()
  assert (boxes[:, :2] + boxes[:, 2:] <= side).all()
  rng = np.random.default_rng(0)
  expected = np.array([_torchvision_box(rng, side) for _ in range(n)])
  for one, other in zip(_moments(boxes), _moments(expected), strict=True):
    gap = np.abs(np.quantile(one, _QUANTILES) - np.quantile(other, _QUANTILES))
    # Standard errors of a quantile of 4000 draws are below 1 % of the range.
    assert (gap < 0.03 * np.ptp(other)).all()


def _moments(boxes):
  top, left, height, width = boxes.T
  return top, left, height * width, np.log(width / height)


def test_a_crop_that_never_fits_is_the_whole_image(monkeypatch):
  monkeypatch.setattr(transforms, '_AREA', (2.0, 3.0))
  box, _ = transforms._draw(jax.random.key(0), 40)
  assert box.tolist() == [0, 0, 40, 40]


@pytest.mark.parametrize('size', [16, 48])
@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize(
  'box', [(0, 0, 40, 40), (3, 7, 11, 29), (39, 0, 1, 40)]
)
def test_crop_and_resize_is_that_of_pillow(size, flip, box):
  x = _images(1, 40)
  top, left, height, width = box
  edges = (left, top, left + width, top + height)
  image = Image.fromarray(x[0]).crop(edges)
  image = image.resize((size, size), Image.Resampling.BILINEAR)
  expected = np.asarray(image)[:, :: -1 if flip else 1]
  result = transforms.crop_and_resize(
    x, jnp.array([box]), jnp.array([flip]), size
  )
  # Pillow rounds to whole levels, twice.
  np.testing.assert_allclose(result[0], expected, atol=1.1)
