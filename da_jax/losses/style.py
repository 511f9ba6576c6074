"""What a picture shows, and the style that it has, as losses of feature maps.

Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural
Networks", CVPR 2016, https://doi.org/10.1109/CVPR.2016.265
"""

import jax
import jax.numpy as jnp


def gram(maps: jax.Array) -> jax.Array:
  """How channels go together, wherever they do.

  G_ab = sum_ij F_ija F_ijb / (h w c): the paper's, divided by its N M, so that
  pictures of different sizes can be compared.

  Args:
    maps: [n, h, w, c] outputs of a layer.

  Returns:
    [n, c, c] float32.
  """
  n, h, w, c = maps.shape
  rows = maps.astype(jnp.float32).reshape(n, h * w, c)
  return rows.swapaxes(1, 2) @ rows / (h * w * c)


def style_loss(maps: jax.Array, target: jax.Array) -> jax.Array:
  """The paper's E of a layer: sum_ab (G_ab - A_ab)^2 / 4, mean over pictures.

  Args:
    maps: [n, h, w, c] outputs of the layer.
    target: A, [n, c, c], `gram` of the outputs for the picture of the style.

  Returns:
    [] float32.

  Raises:
    ValueError: the channels differ.
  """
  c = maps.shape[-1]
  if target.shape[1:] != (c, c):
    raise ValueError(f'target [n, {c}, {c}], not {target.shape}')
  return jnp.mean(jnp.sum((gram(maps) - target) ** 2, (1, 2))) / 4


def content_loss(maps: jax.Array, target: jax.Array) -> jax.Array:
  """Mean squared difference; the paper has half the sum.

  Args:
    maps: [n, h, w, c] outputs of a layer.
    target: [n, h, w, c] its outputs for the picture of the content.

  Returns:
    [] float32.

  Raises:
    ValueError: the shapes differ.
  """
  if maps.shape != target.shape:
    raise ValueError(f'maps of one shape, not {maps.shape}, {target.shape}')
  return jnp.mean((maps - target).astype(jnp.float32) ** 2)


def total_variation(images: jax.Array) -> jax.Array:
  """How much neighbours differ, squared so that it is smooth.

  (sum (x_i+1,j - x_ij)^2 + sum (x_i,j+1 - x_ij)^2) / (n h w c), after Mahendran
  and Vedaldi, CVPR 2015, https://arxiv.org/abs/1412.0035, with beta = 2.

  Args:
    images: [n, h, w, c].

  Returns:
    [] float32.
  """
  images = images.astype(jnp.float32)
  down = jnp.sum((images[:, 1:] - images[:, :-1]) ** 2)
  right = jnp.sum((images[:, :, 1:] - images[:, :, :-1]) ** 2)
  return (down + right) / images.size
