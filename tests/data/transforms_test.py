import functools

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from da_jax.data import augment, transforms
from da_jax.data.augment import crop
from da_jax.data.augment.crop import crop_and_resize, draw_box
from da_jax.data.normalisation import Normalisation
from da_jax.errors import UserError

MEAN = np.float32([0.485, 0.456, 0.406])
STD = np.float32([0.229, 0.224, 0.225])
SIZE = 28  # stored as 32
LEVELS = Normalisation(0.0, 1 / 255)
_QUANTILES = np.linspace(0.1, 0.9, 9)
AUGMENT = jax.jit(transforms.standard(SIZE)[0])
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
  draw = jax.jit(jax.vmap(lambda key: draw_box(key, side)[0]))
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
  monkeypatch.setattr(crop, '_AREA', (2.0, 3.0))
  box, _ = draw_box(jax.random.key(0), 40)
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
  result = crop_and_resize(x, jnp.array([box]), jnp.array([flip]), size)
  # Pillow rounds to whole levels, twice.
  np.testing.assert_allclose(result[0], expected, atol=1.1)


def _keys(key, n):
  return [jax.random.fold_in(key, i) for i in range(n)]


@functools.partial(jax.jit, static_argnums=1)
def _flips(key, n):
  return jnp.stack([draw_box(k, 32)[1] for k in _keys(key, n)])


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
