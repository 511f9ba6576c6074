"""From stored examples to what a model eats: pure, jit-able, on the device.

Each factory returns `(augment, prepare)`: `augment(key, x)` for training,
`prepare(x)` for evaluation. The draw for example `i` depends on the key and on
`i` alone, so that the size of the batch does not change it.

`standard` follows "ResizeImage(256), RandomResizedCrop(224), flip" of the
Transfer-Learning-Library (https://github.com/thuml/Transfer-Learning-Library)
and torchvision. One deviation: pixels are not rounded to whole levels between
resizing and normalising (at most half a level of 255).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from da_jax.data.augment import Augmentation as Augmentation
from da_jax.data.augment import changes, mirror, shift
from da_jax.data.augment.crop import crop_and_resize, draw_box
from da_jax.data.normalisation import HALF, IMAGENET, Normalisation
from da_jax.errors import UserError

Augment = Callable[[jax.Array, jax.Array], jax.Array]
Prepare = Callable[[jax.Array], jax.Array]

_DEFAULT = Augmentation()


def rows(augmentation: Augmentation = _DEFAULT) -> tuple[Augment, Prepare]:
  """Leaves rows of features as they are, but for the type float32.

  Args:
    augmentation: must be the default, as there are no images.

  Raises:
    UserError: an augmentation is asked for.
  """
  return _same_always(lambda x: jnp.asarray(x, jnp.float32), augmentation)


def logarithms(
  augmentation: Augmentation = _DEFAULT,
) -> tuple[Augment, Prepare]:
  """Makes counts log(1 + count), float32; otherwise as `rows`."""
  return _same_always(
    lambda x: jnp.log1p(jnp.asarray(x, jnp.float32)), augmentation
  )


def ids(augmentation: Augmentation = _DEFAULT) -> tuple[Augment, Prepare]:
  """Leaves token ids as they are, int32; otherwise as `rows`."""
  return _same_always(lambda x: jnp.asarray(x, jnp.int32), augmentation)


def features(
  augmentation: Augmentation = _DEFAULT, normalisation: Normalisation = HALF
) -> tuple[Augment, Prepare]:
  """Leaves features of images as they are; otherwise as `rows`.

  Args:
    augmentation: must be the default.
    normalisation: of the images that the features are of.
  """
  del normalisation
  return _same_always(
    lambda x: x, augmentation, 'but --cache_features sees each image once'
  )


def _same_always(
  prepare: Prepare,
  augmentation: Augmentation,
  why: str = 'but the data are none',
) -> tuple[Augment, Prepare]:
  for name, default in _DEFAULT._asdict().items():
    if getattr(augmentation, name) != default:
      raise UserError(f'--{name} changes images, {why}.')
  return lambda key, x: prepare(x), prepare


def small(
  augmentation: Augmentation = _DEFAULT, normalisation: Normalisation = HALF
) -> tuple[Augment, Prepare]:
  """Normalises small images.

  Args:
    augmentation: crop (padded by 4) and flip only if they are true.
    normalisation: of the pixels.

  Returns:
    `(augment, prepare)` of uint8 [n, h, w, c] to float32 [n, h, w, c].

  Raises:
    UserError: the augmentation is out of range.
  """
  change = changes(augmentation)
  move, turn = shift(pixels=4), mirror(probability=0.5)

  def change_one(key: jax.Array, image: jax.Array) -> jax.Array:
    if augmentation.crop:
      image = move(jax.random.fold_in(key, 0), image)
    if augmentation.flip:
      image = turn(jax.random.fold_in(key, 1), image)
    return change(key, image)

  def augment(key: jax.Array, x: jax.Array) -> jax.Array:
    return prepare(jax.vmap(change_one)(_keys(key, x), _float(x)))

  # JAX keeps weak references to functions, which tuples do not have.
  prepare = lambda x: normalisation(x)
  return augment, prepare


def stored_size(image_size: int) -> int:
  """Side of the stored images that `standard(image_size)` crops from."""
  return round(image_size * 256 / 224)


def standard(
  image_size: int = 224,
  augmentation: Augmentation = _DEFAULT,
  normalisation: Normalisation = IMAGENET,
) -> tuple[Augment, Prepare]:
  """Random resized crop and flip to train, centre crop to evaluate.

  Args:
    image_size: side of the result.
    augmentation: crop and flip unless they are false; without the random crop
      it is the centre that is cut out.
    normalisation: of the pixels.

  Returns:
    `(augment, prepare)` of uint8 [n, r, r, 3] to float32
    [n, image_size, image_size, 3], where r is `stored_size(image_size)`.

  Raises:
    UserError: the augmentation is out of range.
  """
  change = changes(augmentation)

  def augment(key: jax.Array, x: jax.Array) -> jax.Array:
    keys = _keys(key, x)
    boxes, flips = jax.vmap(lambda k: draw_box(k, x.shape[1]))(keys)
    if augmentation.crop is False:
      margin = _margin(x, image_size)
      centre = jnp.array([margin, margin, image_size, image_size])
      boxes = jnp.broadcast_to(centre, boxes.shape)
    if augmentation.flip is False:
      flips = jnp.zeros_like(flips)
    x = crop_and_resize(x, boxes, flips, image_size)
    return normalisation(jax.vmap(change)(keys, x))

  def prepare(x: jax.Array) -> jax.Array:
    margin = _margin(x, image_size)
    inner = slice(margin, margin + image_size)
    return normalisation(x[:, inner, inner])

  return augment, prepare


def _keys(key: jax.Array, x: jax.Array) -> jax.Array:
  return jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(len(x)))


def _margin(x: jax.Array, image_size: int) -> int:
  return round((x.shape[1] - image_size) / 2)


def _float(x: jax.Array) -> jax.Array:
  return jnp.asarray(x).astype(jnp.float32)
