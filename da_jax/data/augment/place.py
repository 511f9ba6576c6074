"""Random shift and mirroring of small images.

He et al., "Deep Residual Learning for Image Recognition", CVPR 2016,
https://arxiv.org/abs/1512.03385, section 4.2 (CIFAR-10).
"""

import jax
from jax import lax
import jax.numpy as jnp

from da_jax.data.augment.sometimes import AugmentImage, sometimes


def shift(*, pixels: int = 4) -> AugmentImage:
  """Pads all sides with black, then crops the old size at random.

  Args:
    pixels: width of the margin.

  Returns:
    (key, image) -> image.
  """

  def apply(key: jax.Array, image: jax.Array) -> jax.Array:
    margins = ((pixels, pixels), (pixels, pixels), (0, 0))
    top, left = jax.random.randint(key, (2,), 0, 2 * pixels + 1)
    padded = jnp.pad(image, margins)
    return lax.dynamic_slice(padded, (top, left, 0), image.shape)

  return apply


def mirror(*, probability: float = 0.5) -> AugmentImage:
  """Swaps left and right.

  Args:
    probability: 0 to 1.

  Returns:
    (key, image) -> image.
  """
  return sometimes(lambda key, image: image[:, ::-1], probability)
