"""Random resized crops, with Pillow's own weights for every pixel."""

import math

import jax
from jax import lax
import jax.numpy as jnp

_AREA = (0.08, 1.0)
_LOG_RATIO = (math.log(3 / 4), math.log(4 / 3))
_TRIES = 10
_BLOCK = 16  # outputs of a window; more of them, more zeros


def draw_box(key: jax.Array, side: int) -> tuple[jax.Array, jax.Array]:
  """Box and flip of torchvision: the first of ten tries that fits, or all.

  Args:
    key: of one image.
    side: of the image in pixels.

  Returns:
    int32 [4] top, left, height and width, and whether to mirror.
  """
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
  x = jnp.einsum('nph,nhwc->npwc', down, x.astype(jnp.float32), precision=high)
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
    blocks.append(
      weights @ lax.dynamic_slice_in_dim(x, first, window).astype(jnp.float32)
    )
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
