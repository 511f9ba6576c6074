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
import math

import jax
from jax import lax
import jax.numpy as jnp

from da_jax.data.augment import Augmentation as Augmentation
from da_jax.data.augment import changes, mirror, shift
from da_jax.errors import UserError

Augment = Callable[[jax.Array, jax.Array], jax.Array]
Prepare = Callable[[jax.Array], jax.Array]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_AREA = (0.08, 1.0)
_LOG_RATIO = (math.log(3 / 4), math.log(4 / 3))
_TRIES = 10
_DEFAULT = Augmentation()
_BLOCK = 32  # rows of a product with windows; more of them, more zeros


def rows(augmentation: Augmentation = _DEFAULT) -> tuple[Augment, Prepare]:
  """Leaves rows of features as they are, but for the type float32.

  Args:
    augmentation: must be the default, as there are no images.

  Raises:
    UserError: an augmentation is asked for.
  """
  return _untouched(jnp.float32, augmentation)


def ids(augmentation: Augmentation = _DEFAULT) -> tuple[Augment, Prepare]:
  """Leaves token ids as they are, int32; otherwise as `rows`."""
  return _untouched(jnp.int32, augmentation)


def _untouched(dtype, augmentation: Augmentation) -> tuple[Augment, Prepare]:
  for name, default in _DEFAULT._asdict().items():
    if getattr(augmentation, name) != default:
      raise UserError(f'--{name} changes images, but the data are none.')
  prepare = lambda x: jnp.asarray(x, dtype)
  return lambda key, x: prepare(x), prepare


def small(
  mean=0.5, std=0.5, augmentation: Augmentation = _DEFAULT
) -> tuple[Augment, Prepare]:
  """Normalises small images: `(x / 255 - mean) / std`.

  Args:
    mean: a number or one a channel.
    std: a number or one a channel.
    augmentation: crop (padded by 4) and flip only if they are true.

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

  prepare = lambda x: _normalise(x, mean, std)
  return augment, prepare


def stored_size(image_size: int) -> int:
  """Side of the stored images that `standard(image_size)` crops from."""
  return round(image_size * 256 / 224)


def standard(
  image_size: int = 224, augmentation: Augmentation = _DEFAULT
) -> tuple[Augment, Prepare]:
  """Random resized crop and flip to train, centre crop to evaluate.

  Args:
    image_size: side of the result.
    augmentation: crop and flip unless they are false; without the random crop
      it is the centre that is cut out.

  Returns:
    `(augment, prepare)` of uint8 [n, r, r, 3] to float32
    [n, image_size, image_size, 3], where r is `stored_size(image_size)`.

  Raises:
    UserError: the augmentation is out of range.
  """
  change = changes(augmentation)

  def augment(key: jax.Array, x: jax.Array) -> jax.Array:
    keys = _keys(key, x)
    boxes, flips = jax.vmap(lambda k: _draw(k, x.shape[1]))(keys)
    if augmentation.crop is False:
      margin = _margin(x, image_size)
      centre = jnp.array([margin, margin, image_size, image_size])
      boxes = jnp.broadcast_to(centre, boxes.shape)
    if augmentation.flip is False:
      flips = jnp.zeros_like(flips)
    x = crop_and_resize(x, boxes, flips, image_size)
    x = jax.vmap(change)(keys, x)
    return _normalise(x, _IMAGENET_MEAN, _IMAGENET_STD)

  def prepare(x: jax.Array) -> jax.Array:
    margin = _margin(x, image_size)
    inner = slice(margin, margin + image_size)
    x = x[:, inner, inner]
    return _normalise(x, _IMAGENET_MEAN, _IMAGENET_STD)

  return augment, prepare


def crop_and_resize(
  x: jax.Array, boxes: jax.Array, flips: jax.Array, size: int
) -> jax.Array:
  """Cuts a box out of every image and resizes it, bilinear with antialiasing.

  Two products with Pillow's own weights; nothing from outside the box leaks in.
  An accelerator takes the products of a batch as they are. A CPU, for which the
  many zeros are work, takes one image, which its cache holds, after the other
  and a window of the input for every block of the output.

  Args:
    x: [n, h, w, c] images, 0 to 255.
    boxes: [n, 4] top, left, height and width in pixels.
    flips: bool [n], mirror left and right.
    size: side of the result.

  Returns:
    float32 [n, size, size, c], 0 to 255.
  """
  weights = jax.vmap(_weights, (0, 0, None, None))
  down = weights(boxes[:, 0], boxes[:, 2], x.shape[1], size)
  across = weights(boxes[:, 1], boxes[:, 3], x.shape[2], size)
  across = jnp.where(flips[:, None, None], across[:, ::-1], across)
  if jax.default_backend() == 'cpu':
    return lax.map(lambda image: _windowed(*image), (x, down, across))
  high = lax.Precision.HIGHEST  # pixels need more than the 8 bits of bfloat16
  x = jnp.einsum('nph,nhwc->npwc', down, _float(x), precision=high)
  return jnp.einsum('nqw,npwc->npqc', across, x, precision=high)


def _keys(key: jax.Array, x: jax.Array) -> jax.Array:
  return jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(len(x)))


def _margin(x: jax.Array, image_size: int) -> int:
  return round((x.shape[1] - image_size) / 2)


def _windowed(x: jax.Array, down: jax.Array, across: jax.Array) -> jax.Array:
  """Resizes [h, w, c] by weights [size, h] and [size, w]."""
  (height, width, channels), size = x.shape, len(down)
  rows = _banded(down, x.reshape(height, -1)).reshape(size, width, channels)
  columns = _banded(across, rows.swapaxes(0, 1).reshape(width, -1))
  return columns.reshape(size, size, channels).swapaxes(0, 1)


def _banded(weights: jax.Array, x: jax.Array) -> jax.Array:
  """The product of `_weights` [p, h] with [h, k], without most of the zeros."""
  size_out, size_in = weights.shape
  scale = size_in / size_out  # at most: that of a box of the whole
  reach = math.ceil((_BLOCK - 1) * scale + 2 * max(scale, 1.0)) + 1
  window = min(reach, size_in)
  blocks = []
  for start in range(0, size_out, _BLOCK):
    block = weights[start : start + _BLOCK]
    first = jnp.argmax((block != 0).any(0))
    # Both are cut alike where the window would reach beyond the input.
    block = lax.dynamic_slice_in_dim(block, first, window, axis=1)
    blocks.append(block @ _float(lax.dynamic_slice_in_dim(x, first, window)))
  return jnp.concatenate(blocks)


def _weights(start, length, size_in: int, size_out: int) -> jax.Array:
  scale = length / size_out
  centre = start + (jnp.arange(size_out) + 0.5) * scale
  pixel = jnp.arange(size_in) + 0.5
  distance = jnp.abs(pixel - centre[:, None]) / jnp.maximum(scale, 1.0)
  inside = (pixel > start) & (pixel < start + length)
  weights = jnp.where(inside, jnp.maximum(1.0 - distance, 0.0), 0.0)
  return weights / weights.sum(1, keepdims=True)


def _draw(key: jax.Array, side: int) -> tuple[jax.Array, jax.Array]:
  """Box and flip of torchvision: the first of ten tries that fits, or all."""
  area_key, ratio_key, place_key, flip_key = jax.random.split(key, 4)
  draw = lambda k, low, high: jax.random.uniform(
    k, (_TRIES,), minval=low, maxval=high
  )
  area = side**2 * draw(area_key, *_AREA)
  ratio = jnp.exp(draw(ratio_key, *_LOG_RATIO))
  tries = jnp.stack([jnp.sqrt(area / ratio), jnp.sqrt(area * ratio)], axis=1)
  tries = jnp.round(tries).astype(jnp.int32)
  fits = ((tries > 0) & (tries <= side)).all(1)
  sides = jnp.where(fits.any(), tries[jnp.argmax(fits)], side)
  corner = jax.random.randint(place_key, (2,), 0, side - sides + 1)
  return jnp.concatenate([corner, sides]), jax.random.bernoulli(flip_key)


def _float(x: jax.Array) -> jax.Array:
  return jnp.asarray(x).astype(jnp.float32)


def _normalise(x: jax.Array, mean, std) -> jax.Array:
  mean, std = jnp.float32(mean), jnp.float32(std)
  return (_float(x) / 255 - mean) / std
