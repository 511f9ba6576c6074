"""What --crop, --flip, --jitter and their like change in the images."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax.data import augment, transforms
from da_jax.data.augment.crop import draw_box
from da_jax.data.normalisation import Normalisation
from da_jax.errors import UserError

SIZE = 28  # stored as 32
AUGMENT = jax.jit(transforms.standard(SIZE)[0])
LEVELS = Normalisation(0.0, 1 / 255)
ALL = transforms.Augmentation(
  crop=True,
  flip=True,
  jitter=0.4,
  grey=0.2,
  blur=0.5,
  cutout=0.3,
  randaugment=1,
)


def _images(n=6, side=32, seed=0):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, (n, side, side, 3)).astype(np.uint8)


def _keys(key, n):
  return [jax.random.fold_in(key, i) for i in range(n)]


@functools.partial(jax.jit, static_argnums=1)
def _flips(key, n):
  return jnp.stack([draw_box(k, 32)[1] for k in _keys(key, n)])


@pytest.mark.parametrize('asked', [None, False])
def test_small_images_neither_move_nor_turn_unless_asked(asked):
  augmentation = transforms.Augmentation(crop=asked, flip=asked)
  augment, prepare = transforms.small(augmentation, Normalisation(0.3, 0.7))
  x = _images()
  np.testing.assert_array_equal(augment(jax.random.key(0), x), prepare(x))


def test_without_crop_and_flip_training_images_are_those_of_evaluation():
  x, key = _images(), jax.random.key(2)
  without = transforms.Augmentation(crop=False, flip=False)
  augment, prepare = transforms.standard(SIZE, without)
  centre = prepare(x)
  np.testing.assert_allclose(augment(key, x), centre, atol=1e-6)
  flipping = transforms.standard(SIZE, without._replace(flip=None))[0]
  drawn = _flips(key, len(x))
  assert 0 < sum(drawn) < len(x)
  for result, one, flip in zip(flipping(key, x), centre, drawn, strict=True):
    np.testing.assert_allclose(result, one[:, :: -1 if flip else 1], atol=1e-6)


def test_without_flip_the_crops_stay():
  x, key = _images(), jax.random.key(2)
  upright = transforms.standard(SIZE, transforms.Augmentation(flip=False))[0]
  drawn = _flips(key, len(x))
  pairs = zip(upright(key, x), AUGMENT(key, x), drawn, strict=True)
  for result, both, flip in pairs:
    np.testing.assert_allclose(result, both[:, :: -1 if flip else 1], atol=1e-4)


def test_small_images_move_by_up_to_4_and_turn():
  x = np.repeat(_images(1, 8), 64, axis=0)
  moving = transforms.Augmentation(crop=True, flip=True)
  augment, _ = transforms.small(moving, LEVELS)
  padded = np.pad(x[0], ((4, 4), (4, 4), (0, 0)))
  crops = [padded[i : i + 8, j : j + 8] for i in range(9) for j in range(9)]
  crops = np.stack(crops + [crop[:, ::-1] for crop in crops])
  results = np.asarray(augment(jax.random.key(0), x))
  same = np.abs(results[:, None] - crops).max((2, 3, 4)) < 1e-3
  assert same.any(1).all()
  assert same.any(0).sum() > 40
  assert 10 < same[:, :81].any(1).sum() < 54


def test_changes_follow_in_order_each_with_its_key():
  x, key = _images(4), jax.random.key(5)
  whole = transforms.small(ALL._replace(crop=None, flip=None), LEVELS)[0]
  stages = [
    augment.jitter(strength=0.4),
    augment.grey(probability=0.2),
    augment.blur(probability=0.5),
    augment.randaugment(count=1),
    augment.cutout(share=0.3),
  ]

  @jax.jit
  def one_by_one(key, image):
    for i, stage in enumerate(stages, 4):
      image = stage(jax.random.fold_in(key, i), image)
    return image

  results = jax.jit(whole)(key, x)
  for k, image, result in zip(_keys(key, len(x)), x, results, strict=True):
    expected = one_by_one(k, jnp.float32(image))
    np.testing.assert_allclose(result, expected, atol=0.02)


def test_changes_share_no_key_with_crop_and_flip():
  key = jax.random.key(0)
  taken = jax.random.key_data(jax.random.split(key, 4)).tolist()
  later = [jax.random.key_data(jax.random.fold_in(key, i)) for i in range(4, 9)]
  assert not any(one.tolist() in taken for one in later)


@pytest.mark.slow
def test_leaving_a_change_out_keeps_the_draws_of_the_others():
  x, key = _images(), jax.random.key(0)
  alone = transforms.Augmentation(cutout=0.5)
  both = alone._replace(jitter=0.4)
  masks = []
  for augmentation in (alone, both):
    result = transforms.small(augmentation, LEVELS)[0](key, x)
    masks.append(np.isclose(result, 127.5, atol=1e-3).all(-1))
  assert masks[0].sum() > 100
  np.testing.assert_array_equal(*masks)


@pytest.mark.parametrize('kind', ['small', 'standard'])
def test_augmented_examples_depend_on_key_and_place_alone(kind):
  x, key = _images(), jax.random.key(0)
  settings = {'small': {}, 'standard': {'image_size': SIZE}}[kind]
  make = getattr(transforms, kind)
  augment = jax.jit(make(**settings, augmentation=ALL)[0])
  many = augment(key, x)
  np.testing.assert_allclose(augment(key, x[:2]), many[:2], atol=1e-3)
  assert not np.allclose(augment(jax.random.key(1), x), many)


@pytest.mark.slow
def test_grey_images_are_augmented():
  x, key = _images()[..., :1], jax.random.key(0)
  augment, _ = transforms.small(ALL, LEVELS)
  result = np.asarray(jax.jit(augment)(key, x))
  assert result.shape == x.shape
  assert -0.01 < result.min() < result.max() < 255.01
  assert not np.isclose(result, x).all((1, 2, 3)).any()


@pytest.mark.parametrize(
  ('name', 'value', 'most'),
  [
    ('jitter', 2.5, 2),
    ('grey', -0.1, 1),
    ('blur', 1.5, 1),
    ('cutout', float('nan'), 1),
    ('randaugment', -1, 14),
  ],
)
@pytest.mark.parametrize('kind', ['small', 'standard'])
def test_names_a_strength_out_of_range(kind, name, value, most):
  augmentation = transforms.Augmentation(**{name: value})
  match = f'--{name}={value} is not between 0 and {most}'
  with pytest.raises(UserError, match=match):
    getattr(transforms, kind)(augmentation=augmentation)
