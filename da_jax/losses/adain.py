"""Adaptive instance normalisation: another picture's statistics by channel.

Huang and Belongie, "Arbitrary Style Transfer in Real-time with Adaptive
Instance Normalization", ICCV 2017, https://arxiv.org/abs/1703.06868
"""

import jax
import jax.numpy as jnp

_EPSILON = 1e-5  # the authors'


def moments(maps: jax.Array) -> tuple[jax.Array, jax.Array]:
  """Mean and sqrt(variance + 1e-5) of every channel of every picture.

  Args:
    maps: [n, h, w, c] outputs of a layer.

  Returns:
    Two of float32 [n, 1, 1, c]; the variance is that of all h w places.
  """
  maps = maps.astype(jnp.float32)
  mean = maps.mean((1, 2), keepdims=True)
  variance = ((maps - mean) ** 2).mean((1, 2), keepdims=True)
  return mean, jnp.sqrt(variance + _EPSILON)


def adain(maps: jax.Array, style: jax.Array) -> jax.Array:
  """Gives pictures the statistics of others, the paper's eq. 8.

  std(y) (x - mean(x)) / std(x) + mean(y), by `moments`: a channel of x without
  variance becomes mean(y) everywhere.

  Args:
    maps: x, [n, h, w, c] outputs of a layer.
    style: y, [n, h', w', c] its outputs for the pictures of the style.

  Returns:
    float32 [n, h, w, c].

  Raises:
    ValueError: there are not as many pictures or channels.
  """
  if (len(maps), maps.shape[-1]) != (len(style), style.shape[-1]):
    raise ValueError(f'pictures and channels: {maps.shape}, {style.shape}')
  return with_moments(maps, *moments(style))


def with_moments(maps: jax.Array, mean: jax.Array, std: jax.Array) -> jax.Array:
  """The same, by the `moments` of the style, [n, 1, 1, c]."""
  mean_x, std_x = moments(maps)
  return std * (maps - mean_x) / std_x + mean
