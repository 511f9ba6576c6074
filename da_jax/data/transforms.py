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
from typing import NamedTuple

import jax
from jax import lax
import jax.numpy as jnp

Augment = Callable[[jax.Array, jax.Array], jax.Array]
Prepare = Callable[[jax.Array], jax.Array]


class Augmentation(NamedTuple):
  """What training images go through."""


_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_AREA = (0.08, 1.0)
_LOG_RATIO = (math.log(3 / 4), math.log(4 / 3))
_TRIES = 10
_BLOCK = 16  # outputs of a window; more of them, more zeros


def rows() -> tuple[Augment, Prepare]:
  """Leaves rows of features as they are, but for the type float32."""
  prepare = lambda x: jnp.asarray(x, jnp.float32)
  return lambda key, x: prepare(x), prepare


def small(
  mean=0.5, std=0.5, augmentation: Augmentation = Augmentation()
) -> tuple[Augment, Prepare]:
  """Normalises small images without augmentation: `(x / 255 - mean) / std`.

  Args:
    mean: a number or one a channel.
    std: a number or one a channel.

  Returns:
    `(augment, prepare)` of uint8 [n, h, w, c] to float32 [n, h, w, c].
  """
  prepare = lambda x: _normalise(x, mean, std)
  return lambda key, x: prepare(x), prepare


def stored_size(image_size: int) -> int:
  """Side of the stored images that `standard(image_size)` crops from."""
  return round(image_size * 256 / 224)


def standard(
  image_size: int = 224, augmentation: Augmentation = Augmentation()
) -> tuple[Augment, Prepare]:
  """Random resized crop and flip to train, centre crop to evaluate.

  Args:
    image_size: side of the result.

  Returns:
    `(augment, prepare)` of uint8 [n, r, r, 3] to float32
    [n, image_size, image_size, 3], where r is `stored_size(image_size)`.
  """

  def augment(key: jax.Array, x: jax.Array) -> jax.Array:
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(len(x)))
    boxes, flips = jax.vmap(lambda k: _draw(k, x.shape[1]))(keys)
    x = crop_and_resize(x, boxes, flips, image_size)
    return _normalise(x, _IMAGENET_MEAN, _IMAGENET_STD)

  def prepare(x: jax.Array) -> jax.Array:
    margin = round((x.shape[1] - image_size) / 2)
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
  rows = jnp.broadcast_to(jnp.arange(size), (len(x), size))
  columns = jnp.where(flips[:, None], rows[:, ::-1], rows)
  if jax.default_backend() == 'cpu':
    return lax.map(lambda image: _windowed(*image), (x, boxes, rows, columns))
  weights = jax.vmap(_weights, (0, 0, 0, None, None))
  down = weights(boxes[:, 0], boxes[:, 2], rows, jnp.arange(x.shape[1]), size)
  across = weights(
    boxes[:, 1], boxes[:, 3], columns, jnp.arange(x.shape[2]), size
  )
  high = lax.Precision.HIGHEST  # pixels need more than the 8 bits of bfloat16
  x = jnp.einsum('nph,nhwc->npwc', down, _float(x), precision=high)
  return jnp.einsum('nqw,npwc->npqc', across, x, precision=high)


def _windowed(
  x: jax.Array, box: jax.Array, rows: jax.Array, columns: jax.Array
) -> jax.Array:
  """One image [h, w, c] as `crop_and_resize`, of output rows and columns."""
  (height, width, channels), size = x.shape, len(rows)
  x = _banded(box[0], box[2], rows, x.reshape(height, -1))
  x = x.reshape(size, width, channels).swapaxes(0, 1)
  x = _banded(box[1], box[3], columns, x.reshape(width, -1))
  return x.reshape(size, size, channels).swapaxes(0, 1)


def _banded(start, length, outputs: jax.Array, x: jax.Array) -> jax.Array:
  """The product of `_weights` with x [m, k], without most of the zeros."""
  size_in, size_out = len(x), len(outputs)
  most = size_in / size_out  # pixels an output, of a box of the whole
  window = math.ceil((_BLOCK - 1) * most + 2 * max(most, 1.0)) + 1
  window = min(window, size_in)
  scale = length / size_out
  blocks = []
  for block in range(0, size_out, _BLOCK):
    part = outputs[block : block + _BLOCK]
    lowest = start + (part.min() + 0.5) * scale - jnp.maximum(scale, 1.0)
    first = jnp.clip(jnp.floor(lowest).astype(int), 0, size_in - window)
    weights = _weights(
      start, length, part, first + jnp.arange(window), size_out
    )
    blocks.append(weights @ _float(lax.dynamic_slice_in_dim(x, first, window)))
  return jnp.concatenate(blocks)


def _weights(
  start, length, outputs: jax.Array, pixels: jax.Array, size_out: int
) -> jax.Array:
  """Weights [outputs, pixels] of a box's pixels in a result of `size_out`."""
  scale = length / size_out
  centre = start + (outputs + 0.5) * scale
  pixel = pixels + 0.5
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
