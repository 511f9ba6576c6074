"""Random Gaussian blur, as torchvision's GaussianBlur.

Chen et al., "A Simple Framework for Contrastive Learning of Visual
Representations" (SimCLR), ICML 2020, https://arxiv.org/abs/2002.05709.
"""

import jax
from jax import lax
import jax.numpy as jnp

from da_jax.data.augment.sometimes import AugmentImage, sometimes

_SIGMA = (0.1, 2.0)


def blur(*, probability: float = 0.5) -> AugmentImage:
  """Blurs with a sigma drawn from [0.1, 2] pixels.

  The kernel is as wide as a tenth of the shorter side, odd and at least 3.

  Args:
    probability: 0 to 1.

  Returns:
    (key, image) -> image.
  """

  def apply(key: jax.Array, image: jax.Array) -> jax.Array:
    sigma = jax.random.uniform(key, minval=_SIGMA[0], maxval=_SIGMA[1])
    radius = max(1, min(image.shape[:2]) // 20)
    return gaussian(image, sigma, radius)

  return sometimes(apply, probability)


def gaussian(image: jax.Array, sigma: jax.Array, radius: int) -> jax.Array:
  """Convolves with exp(-t^2 / (2 sigma^2)) / sum, t = -radius..radius.

  Beyond the border, pixels are mirrored at the middle of the outermost.

  Args:
    image: [h, w, c].
    sigma: [] in pixels.
    radius: less than h and w.

  Returns:
    [h, w, c].
  """
  kernel = jnp.exp(-0.5 * (jnp.arange(-radius, radius + 1) / sigma) ** 2)
  kernel = kernel / kernel.sum()
  for axis in (0, 1):
    image = _convolve(image, kernel, radius, axis)
  return image


def _convolve(image, kernel, radius: int, axis: int) -> jax.Array:
  length = image.shape[axis]
  margins = [(radius, radius) if i == axis else (0, 0) for i in range(3)]
  padded = jnp.pad(image, margins, mode='reflect')
  # Convolutions with a kernel for every example are slow on CPU.
  return sum(
    kernel[i] * lax.slice_in_dim(padded, i, i + length, axis=axis)
    for i in range(2 * radius + 1)
  )
