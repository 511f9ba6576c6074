"""What a model eats of stored examples, augmented and not."""

import jax
import jax.numpy as jnp
import numpy as np

from da_jax.data import transforms
from da_jax.data.augment.crop import crop_and_resize, draw_box
from da_jax.data.normalisation import Normalisation

MEAN = np.float32([0.485, 0.456, 0.406])
STD = np.float32([0.229, 0.224, 0.225])
SIZE = 28  # stored as 32
AUGMENT = jax.jit(transforms.standard(SIZE)[0])


def _images(n=6, side=32, seed=0):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, (n, side, side, 3)).astype(np.uint8)


def _levels(x):
  return np.asarray(x) * STD * 255 + MEAN * 255


def test_small_normalises_and_does_not_augment():
  x = np.array([0, 51, 255], np.uint8).reshape(1, 1, 3, 1)
  augment, prepare = transforms.small(normalisation=Normalisation(0.5, 0.25))
  expected = np.float32([-2, -1.2, 2]).reshape(x.shape)
  np.testing.assert_allclose(prepare(x), expected, rtol=1e-6)
  np.testing.assert_array_equal(augment(jax.random.key(0), x), prepare(x))
  assert prepare(x).dtype == jnp.float32


def test_small_takes_a_mean_for_every_channel():
  _, prepare = transforms.small(
    normalisation=Normalisation((0.0, 0.5, 1.0), (1.0, 0.5, 0.25))
  )
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


def test_the_default_is_crop_and_flip_with_the_keys_of_old():
  x, key = _images(), jax.random.key(3)

  @jax.jit
  def augment_as_ever(key, x):
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(len(x)))
    boxes, flips = jax.vmap(lambda k: draw_box(k, 32))(keys)
    x = crop_and_resize(x, boxes, flips, SIZE)
    return (x / 255 - MEAN) / STD

  expected = augment_as_ever(key, x)
  np.testing.assert_array_equal(AUGMENT(key, x), expected)
  asked = transforms.Augmentation(crop=True, flip=True)
  same = jax.jit(transforms.standard(SIZE, asked)[0])
  np.testing.assert_array_equal(same(key, x), expected)
