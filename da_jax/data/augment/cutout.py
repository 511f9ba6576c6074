"""Cutout.

DeVries & Taylor, "Improved Regularization of Convolutional Neural Networks
with Cutout", 2017, https://arxiv.org/abs/1708.04552.
"""

import jax
import jax.numpy as jnp

from da_jax.data.augment.affine import FILL
from da_jax.data.augment.sometimes import AugmentImage


def cutout(*, share: float = 0.5) -> AugmentImage:
  """Fills one square with grey; its centre is any pixel, so part may be out.

  Args:
    share: side of the square over the shorter side of the image.

  Returns:
    (key, image) -> image.
  """

  def apply(key: jax.Array, image: jax.Array) -> jax.Array:
    height, width, _ = image.shape
    side = round(share * min(height, width))
    centre = jax.random.randint(key, (2,), 0, jnp.array([height, width]))
    top, left = centre - side // 2
    rows = jnp.arange(height)[:, None] - top
    columns = jnp.arange(width) - left
    inside = (rows >= 0) & (rows < side) & (columns >= 0) & (columns < side)
    return jnp.where(inside[..., None], FILL, image)

  return apply
