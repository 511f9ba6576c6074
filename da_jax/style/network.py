"""Trained networks whose layers tell content and style."""

from collections.abc import Callable, Mapping
import pathlib
from typing import NamedTuple

import jax
import jax.numpy as jnp

from da_jax import models, weights
from da_jax.data.normalisation import IMAGENET, Normalisation
from da_jax.errors import UserError
from da_jax.weights import layouts, published, reading


class Layers(NamedTuple):
  """Which layers of a backbone are compared, and their weights."""

  content: Mapping[str, float]
  style: Mapping[str, float]


class Network(NamedTuple):
  """A network and what it expects."""

  # Normalised images [n, h, w, 3] -> maps [n, h', w', c] by name of the layer.
  features: Callable[[jax.Array], Mapping[str, jax.Array]]
  normalisation: Normalisation
  layers: Layers


def _equal(content: str, *style: str) -> Layers:
  return Layers({content: 1.0}, dict.fromkeys(style, 1 / len(style)))


_VGG = _equal('conv4_2', 'conv1_1', 'conv2_1', 'conv3_1', 'conv4_1', 'conv5_1')
# Of VGG those of the paper, whose network has average pools, ours the maximum
# pools that it was trained with. Of SqueezeNet those of like resolution.
LAYERS = {
  'vgg16': _VGG,
  'vgg19': _VGG,
  'squeezenet1_1': _equal('fire5', 'conv1', 'fire2', 'fire4', 'fire6'),
}


def find(backbone: str, weights_path: str | None) -> pathlib.Path:
  """The file that a user means, see `published.find`.

  Raises:
    UserError: none is given or found.
  """
  if weights_path is None:
    raise UserError(
      f'--backbone={backbone} must be trained: give --weights=FILE of its'
      f' weights, or --weights={backbone}.tv_in1k to download those of'
      ' torchvision.'
    )
  return published.find(weights_path)


def load(
  backbone: str, path: pathlib.Path, layers: Layers | None = None
) -> Network:
  """Reads the lower part of a trained network.

  Args:
    backbone: key of `LAYERS`.
    path: a file for `weights.load_backbone`; it may end below the dense layers.
    layers: named as the backbone's `activations` are; None: those of `LAYERS`.

  Returns:
    The network. Where neither the file nor its names say what pixels it
    expects, torchvision's normalisation is taken.

  Raises:
    UserError: the file cannot be read or is of another network.
  """
  options = {}
  if backbone == 'squeezenet1_1':
    style = layouts.style_of(layouts.plain(reading.read(path)))
    options['ceil_mode'] = style != 'keras'  # Keras drops incomplete windows
  module = models.BACKBONES[backbone](**options)
  layers = layers or LAYERS[backbone]
  names = frozenset({*layers.content, *layers.style})
  template = jax.eval_shape(
    lambda x: module.init(jax.random.key(0), x, names, method='activations'),
    jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32),
  )
  variables = weights.load_backbone(path, template, backbone, whole=False)
  return Network(
    lambda x: module.apply(variables, x, names, method='activations'),
    weights.input_of(path, backbone) or IMAGENET,
    layers,
  )
