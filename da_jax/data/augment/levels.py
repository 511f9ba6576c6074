"""Maps of levels, channel by channel, as Pillow's ImageOps."""

import jax
import jax.numpy as jnp


def autocontrast(image: jax.Array) -> jax.Array:
  """Stretches every channel to 0..255: `255 (x - min) / (max - min)`.

  Args:
    image: [h, w, c], 0 to 255.

  Returns:
    [h, w, c]; constant channels stay as they are.
  """
  low = image.min((0, 1))
  span = image.max((0, 1)) - low
  stretched = (image - low) * (255 / jnp.where(span > 0, span, 1.0))
  return jnp.where(span > 0, stretched, image)


def equalize(image: jax.Array) -> jax.Array:
  """Gives all levels of a channel the same share of pixels, after rounding.

  With `before` the number of pixels below a level, and `step` a 255th of that
  below the brightest: `(step // 2 + before) // step`, at most 255.

  Args:
    image: [h, w, c], 0 to 255.

  Returns:
    [h, w, c]; channels with a step of 0 are only rounded.
  """
  return jax.vmap(_equalize, 2, 2)(_whole(image)).astype(jnp.float32)


def posterize(image: jax.Array, bits: jax.Array) -> jax.Array:
  """Clears the lowest bits of the rounded levels.

  Args:
    image: [h, w, c], 0 to 255.
    bits: int [], how many to clear; 0 leaves the image, unrounded.

  Returns:
    [h, w, c].
  """
  cleared = (_whole(image) >> bits) << bits
  return jnp.where(bits > 0, cleared.astype(jnp.float32), image)


def solarize(image: jax.Array, threshold: jax.Array) -> jax.Array:
  """Inverts levels from a threshold on: `x if x < threshold else 255 - x`.

  Args:
    image: [h, w, c], 0 to 255.
    threshold: [], 256 leaves the image.

  Returns:
    [h, w, c].
  """
  return jnp.where(image < threshold, image, 255 - image)


def _equalize(levels: jax.Array) -> jax.Array:
  counts = jnp.bincount(levels.ravel(), length=256)
  before = jnp.cumsum(counts) - counts
  step = before[levels.max()] // 255
  table = (step // 2 + before) // jnp.maximum(step, 1)
  return jnp.where(step > 0, jnp.minimum(table, 255)[levels], levels)


def _whole(image: jax.Array) -> jax.Array:
  return jnp.round(image).astype(jnp.int32)
