"""With a probability, or not at all."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

AugmentImage = Callable[[jax.Array, jax.Array], jax.Array]


def sometimes(augment: AugmentImage, probability: float) -> AugmentImage:
  """Applies `augment` with a probability, else leaves the image as it is.

  Args:
    augment: (key, image) -> image of the same shape.
    probability: 0 to 1.

  Returns:
    (key, image) -> image.
  """

  def apply(key: jax.Array, image: jax.Array) -> jax.Array:
    coin_key, key = jax.random.split(key)
    heads = jax.random.bernoulli(coin_key, probability)
    return jnp.where(heads, augment(key, image), image)

  return apply
