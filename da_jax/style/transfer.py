"""Neural style transfer by optimising the pixels.

Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural
Networks", CVPR 2016, https://doi.org/10.1109/CVPR.2016.265
"""

from collections.abc import Callable, Iterator
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from da_jax.data.normalisation import Normalisation
from da_jax.errors import DivergedError
from da_jax.losses import style as losses
from da_jax.style.network import Network

Losses = dict[str, jax.Array]
STARTS = ('content', 'noise')
OPTIMIZERS = ('lbfgs', 'adam')
LossFn = Callable[[jax.Array], tuple[jax.Array, Losses]]


class Weights(NamedTuple):
  """How much each loss counts."""

  content: float = 1.0
  style: float = 100.0
  tv: float = 100.0


class Progress(NamedTuple):
  """Where an optimisation stands."""

  step: int
  x: jax.Array  # [1, h, w, 3], normalised
  loss: float


def objective(
  network: Network,
  content: jax.Array,
  style: jax.Array,
  weights: Weights,
) -> LossFn:
  """The loss of a picture that shows one picture in the style of another.

  `weights.content C + weights.style S + weights.tv V` with
  C = sum_l w_l content_loss_l / mean F_l^2 (F_l: the content's maps),
  S = sum_l w_l style_loss_l / (sum A_l^2 / 4) (A_l: the style's Gram matrix)
  and V = `total_variation` of pixels from 0 to 1. C and S are relative to a
  picture without any features, so that the same weights suit all networks; the
  w_l of the paper are these w_l divided by what the losses are divided by.

  Args:
    network: from `network.load`; its layers have the w_l.
    content: [1, h, w, 3], 0 to 255.
    style: [1, h', w', 3], 0 to 255.
    weights: of the three losses.

  Returns:
    normalised picture [1, h, w, 3] -> (loss, {'content': C, 'style': S,
    'tv': V}).
  """
  layers = network.layers
  features = jax.jit(lambda x: network.features(network.normalisation(x)))
  in_content, in_style = features(content), features(style)
  maps = {name: in_content[name] for name in layers.content}
  grams = {name: losses.gram(in_style[name]) for name in layers.style}
  map_size = {name: jnp.mean(m**2) + 1e-12 for name, m in maps.items()}
  gram_size = {name: jnp.sum(a**2) / 4 + 1e-12 for name, a in grams.items()}
  std = jnp.float32(network.normalisation.std)

  def loss(x: jax.Array) -> tuple[jax.Array, Losses]:
    found = network.features(x)
    parts = {
      'content': sum(
        weight * losses.content_loss(found[name], maps[name]) / map_size[name]
        for name, weight in layers.content.items()
      ),
      'style': sum(
        weight * losses.style_loss(found[name], grams[name]) / gram_size[name]
        for name, weight in layers.style.items()
      ),
      'tv': losses.total_variation(x * std),
    }
    total = sum(getattr(weights, name) * part for name, part in parts.items())
    return total, parts

  return loss


def start(name: str, content: np.ndarray, seed: int = 0) -> np.ndarray:
  """The picture to start from.

  Args:
    name: one of `STARTS`: the content's picture or uniform noise.
    content: [1, h, w, 3], 0 to 255.
    seed: of the noise.

  Returns:
    [1, h, w, 3], 0 to 255.
  """
  if name == 'content':
    return content
  return np.random.default_rng(seed).integers(0, 256, content.shape, np.uint8)


def optimizer(
  name: str, learning_rate: float, normalisation: Normalisation
) -> optax.GradientTransformationExtraArgs:
  """What moves normalised pixels.

  Args:
    name: one of `OPTIMIZERS`: L-BFGS with a line search for the strong Wolfe
      conditions, or Adam.
    learning_rate: of Adam, about the change of a pixel in a step, 1 from black
      to white.
    normalisation: of the pixels.
  """
  if name == 'lbfgs':
    return optax.lbfgs()
  rate = learning_rate / float(np.mean(normalisation.std))
  return optax.with_extra_args_support(optax.adam(rate))


def minimise(
  loss: LossFn,
  x: jax.Array,
  optimizer: optax.GradientTransformationExtraArgs,
  steps: int,
) -> Iterator[Progress]:
  """Optimises a picture.

  Args:
    loss: from `objective`.
    x: [1, h, w, 3], normalised, where to start.
    optimizer: from `optimizer`.
    steps: updates; one of L-BFGS computes the loss about 1.2 times.

  Yields:
    Where it stands after each update; the loss is that before it.

  Raises:
    DivergedError: the loss is not finite.
  """
  value_fn = lambda x: loss(x)[0]
  # With optax's weak types, all would be compiled a second time at step 2.
  strong = lambda state: jax.tree.map(lambda a: a.astype(a.dtype), state)

  @jax.jit
  def update(x, state):
    # What the line search has already computed at x.
    value = optax.tree.get(state, 'value')
    if value is None:
      value, gradient = jax.value_and_grad(value_fn)(x)
    else:
      value, gradient = optax.value_and_grad_from_state(value_fn)(
        x, state=state
      )
    updates, state = optimizer.update(
      gradient, state, x, value=value, grad=gradient, value_fn=value_fn
    )
    return optax.apply_updates(x, updates), strong(state), value

  state = strong(optimizer.init(x))
  for step in range(1, steps + 1):
    x, state, value = update(x, state)
    value = float(value)
    if not math.isfinite(value):
      raise DivergedError(f'The loss is {value} at step {step}.')
    yield Progress(step, x, value)
