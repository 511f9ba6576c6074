"""Affine maps of the plane by bilinear resampling."""

import jax
import jax.numpy as jnp

FILL = 127.5


def warp(image: jax.Array, matrix: jax.Array) -> jax.Array:
  """Takes every pixel from where its inverse map says, as Pillow's AFFINE.

  The pixel centred at (x, y) is read at (a x + b y + c, d x + e y + f), in
  pixels from the left and the top edge. Around the image all is grey, 127.5.

  Args:
    image: [h, w, c].
    matrix: [2, 3] rows (a, b, c) and (d, e, f).

  Returns:
    [h, w, c].
  """
  height, width, _ = image.shape
  y = jnp.arange(height)[:, None] + 0.5
  x = jnp.arange(width) + 0.5
  across, down = (a * x + b * y + c - 0.5 for a, b, c in matrix)
  sample = lambda channel: jax.scipy.ndimage.map_coordinates(
    channel, (down, across), order=1, mode='constant', cval=FILL
  )
  return jax.vmap(sample, 2, 2)(image)


def rotation(angle: jax.Array, height: int, width: int) -> jax.Array:
  """Inverse map of a turn about the centre, counterclockwise, in radians."""
  sin, cos = jnp.sin(angle), jnp.cos(angle)
  x, y = width / 2, height / 2
  return _matrix(
    cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y
  )


def shear(across: float, down: float) -> jax.Array:
  """Inverse map that fixes the top left corner: (x + across y, y + down x)."""
  return _matrix(1.0, across, 0.0, down, 1.0, 0.0)


def translation(across: float, down: float) -> jax.Array:
  """Inverse map (x + across, y + down), in pixels."""
  return _matrix(1.0, 0.0, across, 0.0, 1.0, down)


def _matrix(*values) -> jax.Array:
  return jnp.stack([jnp.float32(value) for value in values]).reshape(2, 3)
