"""Scales of pixels that networks expect."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Normalisation(NamedTuple):
  """`(x / 255 - mean) / std`, channel by channel.

  Attributes:
    mean: a number or one a channel, in the order in which they leave.
    std: a number or one a channel, in that order.
    bgr: whether channels are turned round, red last.
  """

  mean: float | tuple[float, ...]
  std: float | tuple[float, ...]
  bgr: bool = False

  def __call__(self, x: jax.Array) -> jax.Array:
    """Maps images [n, h, w, c], 0 to 255, to float32.

    A single channel becomes as many as there are means, all of the same grey.
    """
    mean, std = jnp.float32(self.mean), jnp.float32(self.std)
    x = x[..., ::-1] if self.bgr else x
    return (jnp.asarray(x).astype(jnp.float32) / 255 - mean) / std

  def inverse(self, x: jax.Array) -> jax.Array:
    """Maps normalised images [n, h, w, c] back; they may leave 0 to 255."""
    x = (x * jnp.float32(self.std) + jnp.float32(self.mean)) * 255
    return x[..., ::-1] if self.bgr else x


def from_record(record: Mapping[str, Any]) -> Normalisation:
  """The inverse of `_asdict`, through JSON; other entries are ignored."""
  mean, std = (
    tuple(value) if isinstance(value, list) else value
    for value in (record['mean'], record['std'])
  )
  return Normalisation(mean, std, record['bgr'])


HALF = Normalisation(0.5, 0.5)  # -1 to 1
IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# Of networks that were trained with Caffe, and by Keras after them.
CAFFE = Normalisation(
  (103.939 / 255, 116.779 / 255, 123.68 / 255), 1 / 255, bgr=True
)
