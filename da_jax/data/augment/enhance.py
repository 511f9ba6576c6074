"""Brightness, contrast, saturation and sharpness, as Pillow's ImageEnhance.

Each mixes the image with a degenerate one: `f image + (1 - f) degenerate`, cut
to 0..255. Unlike Pillow, nothing is rounded to whole levels.
"""

import jax
import jax.numpy as jnp

_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601-2, as Pillow's mode 'L'


def luma(image: jax.Array) -> jax.Array:
  """Grey levels, 0.299 R + 0.587 G + 0.114 B.

  Args:
    image: [h, w, c], c = 1 or 3.

  Returns:
    [h, w, 1].
  """
  if image.shape[-1] == 1:
    return image
  # Neither a matrix product, less exact on some devices, nor a sum over so
  # short an axis, slow on CPU.
  red, green, blue = (
    weight * image[..., i : i + 1] for i, weight in enumerate(_LUMA)
  )
  return red + green + blue


def brightness(image: jax.Array, factor: jax.Array) -> jax.Array:
  """Mixes with black.

  Args:
    image: [h, w, c], 0 to 255.
    factor: [] from 0, 1 leaves the image.

  Returns:
    [h, w, c].
  """
  return _mix(image, 0.0, factor)


def contrast(image: jax.Array, factor: jax.Array) -> jax.Array:
  """Mixes with the mean grey level; arguments as of `brightness`."""
  return _mix(image, jnp.mean(luma(image)), factor)


def saturation(image: jax.Array, factor: jax.Array) -> jax.Array:
  """Mixes with the grey image; arguments as of `brightness`."""
  if image.shape[-1] == 1:
    return image
  return _mix(image, luma(image), factor)


def sharpness(image: jax.Array, factor: jax.Array) -> jax.Array:
  """Mixes with a mean of 3 x 3 pixels, the inner one counting five times.

  Pixels of the border stay as they are. Arguments as of `brightness`.
  """
  height, width, _ = image.shape
  if min(height, width) < 3:
    return image
  rows = image[:-2] + image[1:-1] + image[2:]
  square = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
  inside = (slice(1, -1), slice(1, -1))
  smooth = image.at[inside].set((square + 4 * image[inside]) / 13)
  return _mix(image, smooth, factor)


def _mix(image, degenerate, factor) -> jax.Array:
  mixed = factor * image + (1 - factor) * degenerate
  return jnp.clip(mixed, 0.0, 255.0)
