"""Painting many pictures at once, each by the statistics of another one.

Huang and Belongie, "Arbitrary Style Transfer in Real-time with Adaptive
Instance Normalization", ICCV 2017, https://arxiv.org/abs/1703.06868. Deviation:
where they train a decoder, a few steps of Adam move the pixels, so that any
trained network will do.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from da_jax.losses import style as losses
from da_jax.losses.adain import adain
from da_jax.style import transfer
from da_jax.style.network import Network

PaintFn = Callable[[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


def objective(
  network: Network,
  layer: str,
  content: jax.Array,
  style: jax.Array,
  tv_weight: float,
) -> Callable[[jax.Array], jax.Array]:
  """The losses of pictures that show others with the statistics of third ones.

  mean (E(x) - t)^2 / mean t^2 + tv_weight V with t = AdaIN(E(c), E(s)), E the
  layer's outputs and V = `total_variation` of pixels from 0 to 1. No loss
  depends on the other pictures.

  Args:
    network: from `network.load`.
    layer: one of its layers.
    content: c, [n, h, w, 3], 0 to 255.
    style: s, [n, h', w', 3], 0 to 255.
    tv_weight: of V.

  Returns:
    normalised pictures [n, h, w, 3] -> [n].
  """
  encode = lambda x: network.features(x)[layer]
  in_content, in_style = (
    encode(network.normalisation(pixels)) for pixels in (content, style)
  )
  targets = adain(in_content, in_style)
  std = jnp.float32(network.normalisation.std)

  def loss(x, target):
    distance = losses.content_loss(encode(x[None]), target[None])
    variation = losses.total_variation((x * std)[None])
    return distance / (jnp.mean(target**2) + 1e-12) + tv_weight * variation

  return lambda x: jax.vmap(loss)(x, targets)


def painter(
  network: Network,
  layer: str,
  *,
  steps: int,
  learning_rate: float,
  tv_weight: float,
) -> PaintFn:
  """What minimises the `objective` from the content on, by Adam.

  Args:
    network: from `network.load`.
    layer: one of its layers.
    steps: updates.
    learning_rate: see `transfer.optimizer`.
    tv_weight: of the total variation.

  Returns:
    (content, style) -> pixels [n, h, w, 3], which may leave 0 to 255, and
    their losses [n]; compiled for each shape.
  """
  optimizer = transfer.optimizer('adam', learning_rate, network.normalisation)

  @jax.jit
  def paint(content, style):
    loss = objective(network, layer, content, style, tv_weight)
    gradient = jax.grad(lambda x: loss(x).sum())

    def update(_, standing):
      x, state = standing
      updates, state = optimizer.update(gradient(x), state, x)
      return optax.apply_updates(x, updates), state

    x = network.normalisation(content)
    x, _ = jax.lax.fori_loop(0, steps, update, (x, optimizer.init(x)))
    return network.normalisation.inverse(x), loss(x)

  return paint
