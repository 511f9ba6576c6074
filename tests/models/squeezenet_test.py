"""The published file of Keras's SqueezeNet and ours have the same layers."""

import jax
import jax.numpy as jnp
import numpy as np

from da_jax import models

KEY = jax.random.key(0)


def test_published_squeezenet_fits(real_data):
  path = real_data('weights') / 'weights' / 'squeezenet_v1.1_notop_imagenet.npz'
  fires = ['features.' + i for i in ['3', '4', '6', '7', '9', '10', '11', '12']]
  layers = {f'fire{i}': fire for i, fire in enumerate(fires, start=2)}
  names = {'squeeze1x1': 'squeeze', 'conv1': 'features.0'} | layers
  backbone = models.SqueezeNet(ceil_mode=False)
  x = jnp.zeros((1, 64, 64, 3))
  shapes = jax.eval_shape(lambda: backbone.init(KEY, x, False))['params']
  expected = {
    tuple(entry.key for entry in key): leaf.shape
    for key, leaf in jax.tree_util.tree_leaves_with_path(shapes)
  }
  with np.load(path) as arrays:
    stored = {
      tuple(names.get(part, part) for part in key.split('/')): array.shape
      for key, array in arrays.items()
    }
  assert stored == expected
