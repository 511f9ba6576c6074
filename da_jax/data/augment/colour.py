"""Colour jitter and random greyscale, as torchvision's transforms.

https://docs.pytorch.org/vision/stable/transforms.html. Unlike torchvision,
nothing is rounded to whole levels in between.
"""

import jax
from jax import lax
import jax.numpy as jnp

from da_jax.data.augment import enhance
from da_jax.data.augment.sometimes import AugmentImage, sometimes

_OPERATIONS = 4


def jitter(*, strength: float = 0.4) -> AugmentImage:
  """ColorJitter(s, s, s, s / 4): the proportions of SimCLR and MoCo.

  Factors of brightness, contrast and saturation from [max(0, 1 - s), 1 + s],
  the shift of the hue from [-s / 4, s / 4], applied in an order drawn at
  random. Grey images have no saturation and hue to change.

  Args:
    strength: s, 0 to 2.

  Returns:
    (key, image) -> image.
  """
  operations = (
    enhance.brightness,
    enhance.contrast,
    enhance.saturation,
    hue,
  )

  def apply(key: jax.Array, image: jax.Array) -> jax.Array:
    order_key, factor_key, shift_key = jax.random.split(key, 3)
    order = jax.random.permutation(order_key, _OPERATIONS)
    factors = jax.random.uniform(
      factor_key,
      (_OPERATIONS - 1,),
      minval=max(0.0, 1 - strength),
      maxval=1 + strength,
    )
    shift = jax.random.uniform(
      shift_key, (1,), minval=-strength / 4, maxval=strength / 4
    )
    amounts = jnp.concatenate([factors, shift])

    def change(image: jax.Array, i: jax.Array) -> tuple[jax.Array, None]:
      return lax.switch(i, operations, image, amounts[i]), None

    return lax.scan(change, image, order)[0]

  return apply


def grey(*, probability: float = 0.2) -> AugmentImage:
  """RandomGrayscale: every channel becomes the grey level.

  Args:
    probability: 0 to 1.

  Returns:
    (key, image) -> image.
  """
  return sometimes(lambda key, image: enhance.luma(image), probability)


def hue(image: jax.Array, shift: jax.Array) -> jax.Array:
  """Turns the hue of HSV.

  With value v = max(R, G, B), chroma d = v - min(R, G, B) and hue H in
  sixths of the circle, channels n = 5, 3, 1 become v - d clip(min(k, 4 - k),
  0, 1), k = (n + H + 6 shift) mod 6: HSV to RGB without the branches.

  Args:
    image: [h, w, c], 0 to 255.
    shift: [] in turns; 0 and 1 leave the image.

  Returns:
    [h, w, c]; grey images are left as they are.
  """
  if image.shape[-1] == 1:
    return image
  # Planes: reductions over so short an axis are slow on CPU.
  red, green, blue = jnp.moveaxis(image, -1, 0)
  value = jnp.maximum(jnp.maximum(red, green), blue)
  chroma = value - jnp.minimum(jnp.minimum(red, green), blue)
  inverse = 1 / jnp.where(chroma > 0, chroma, 1.0)
  sixths = jnp.where(
    value == red,
    (green - blue) * inverse,
    jnp.where(
      value == green,
      2 + (blue - red) * inverse,
      4 + (red - green) * inverse,
    ),
  )
  k = (sixths + 6 * shift)[..., None] + jnp.float32([5, 3, 1])
  k = k - 6 * jnp.floor(k / 6)
  share = jnp.clip(jnp.minimum(k, 4 - k), 0.0, 1.0)
  return value[..., None] - chroma[..., None] * share
