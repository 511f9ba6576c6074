"""Painting many pictures at once, with a random and with a real network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax.data.files import images
from da_jax.data.normalisation import CAFFE, HALF
from da_jax.losses.adain import moments
from da_jax.style import adain, network

RNG = np.random.default_rng(0)
CONTENT = RNG.integers(0, 256, (3, 10, 12, 3)).astype(np.uint8)
STYLE = RNG.integers(0, 60, (3, 9, 8, 3)).astype(np.uint8) + np.uint8(150)
KERNEL = jnp.float32(RNG.normal(size=(3, 4)))


def _network(normalisation=HALF, kernel=KERNEL, activation=jax.nn.relu):
  """One layer of 1x1 convolutions."""
  features = lambda x: {'one': activation(x @ kernel)}
  return network.Network(
    features, normalisation, network.Layers({'one': 1.0}, {})
  )


def _moments(net, layer, pixels):
  maps = jax.jit(net.features)(net.normalisation(pixels))[layer]
  return np.concatenate([np.ravel(m) for m in moments(maps)])


def _far(net, layer, pixels, style):
  """How far the statistics of pictures are from those of the styles."""
  pixels = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
  there = _moments(net, layer, style)
  return np.sum((_moments(net, layer, pixels) - there) ** 2)


@pytest.mark.parametrize('normalisation', [HALF, CAFFE])
def test_objective_equals_numpy(normalisation):
  net = _network(normalisation)
  x = jnp.float32(RNG.normal(size=CONTENT.shape))
  loss = adain.objective(net, 'one', CONTENT, STYLE, 0.5)
  found = jax.jit(loss)(x)
  encode = lambda x: np.float64(np.maximum(np.asarray(x) @ KERNEL, 0))
  for i in range(3):
    content, style = (
      encode(normalisation(part[i : i + 1])[0]) for part in (CONTENT, STYLE)
    )
    std = lambda maps: np.sqrt(maps.var((0, 1)) + 1e-5)
    target = (content - content.mean((0, 1))) / std(content)
    target = std(style) * target + style.mean((0, 1))
    expected = np.mean((encode(x[i]) - target) ** 2) / np.mean(target**2)
    pixels = np.asarray(normalisation.inverse(x[i : i + 1])[0]) / 255
    steps = (np.diff(pixels, axis=0) ** 2).sum()
    steps += (np.diff(pixels, axis=1) ** 2).sum()
    expected += 0.5 * steps / pixels.size
    np.testing.assert_allclose(found[i], expected, rtol=1e-3)


def test_statistics_come_close_and_each_picture_is_on_its_own():
  # Invertible, so that every target can be met.
  square = jnp.float32(np.eye(3) + 0.2 * RNG.normal(size=(3, 3)))
  net = _network(kernel=square, activation=lambda x: x)
  options = {'steps': 40, 'learning_rate': 0.05, 'tv_weight': 0.0}
  paint = adain.painter(net, 'one', **options)
  pixels, losses = paint(CONTENT, STYLE)
  before = _far(net, 'one', CONTENT, STYLE)
  assert _far(net, 'one', pixels, STYLE) < before / 100
  alone, loss = paint(CONTENT[1:2], STYLE[1:2])
  np.testing.assert_allclose(pixels[1:2], alone, atol=0.1)
  np.testing.assert_allclose(losses[1:2], loss, rtol=1e-2)


def test_variation_is_kept_down():
  variation = []
  for weight in (0.0, 10.0):
    options = {'steps': 20, 'learning_rate': 0.05, 'tv_weight': weight}
    pixels, _ = adain.painter(_network(), 'one', **options)(CONTENT, STYLE)
    variation.append(np.abs(np.diff(pixels, axis=1)).mean())
  assert variation[1] < 0.8 * variation[0]


@pytest.mark.parametrize('layer', ['conv1', 'fire2'])
def test_real_network_takes_the_statistics_of_real_photographs(
  real_data, layer
):
  folder = real_data('weights', 'office_caltech10_images')
  content, style = (
    np.stack([images.decode(path, str(path), 96) for path in paths[:3]])
    for paths in (
      sorted((folder / f'office_caltech10_images/{domain}').rglob('*.jpg'))
      for domain in ('amazon', 'dslr')
    )
  )
  weights = folder / 'weights' / 'squeezenet_v1.1_notop_imagenet.npz'
  only = network.Layers({layer: 1.0}, {})
  net = network.load('squeezenet1_1', weights, only)
  options = {'steps': 30, 'learning_rate': 0.05, 'tv_weight': 10.0}
  pixels, losses = adain.painter(net, layer, **options)(content, style)
  assert np.all(np.isfinite(losses))
  before = _far(net, layer, content, style)
  assert _far(net, layer, pixels, style) < before / 10
