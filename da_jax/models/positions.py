"""Learnt embeddings of positions at sizes of images they were not learnt at."""

import math

import jax
import jax.numpy as jnp


def resize(positions: jax.Array, grid: tuple[int, int]) -> jax.Array:
  """Interpolates embeddings of positions, bicubic with antialiasing.

  Args:
    positions: of a class token and of a square grid, [1, 1 + side^2, d].
    grid: rows and columns wanted.

  Returns:
    [1, 1 + rows * columns, d].
  """
  side, width = math.isqrt(positions.shape[1] - 1), positions.shape[2]
  if grid == (side, side):
    return positions
  token, maps = positions[:, :1], positions[:, 1:]
  maps = maps.reshape(1, side, side, width)
  maps = jax.image.resize(maps, (1, *grid, width), 'cubic', antialias=True)
  return jnp.concatenate([token, maps.reshape(1, -1, width)], 1)
