"""Files of random weights, and the real ones if they are there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import models
from da_jax.style.network import LAYERS
from da_jax.weights import torchvision
from tests.data.conftest import real_data

__all__ = ['random_weights', 'real_data']


@pytest.fixture(scope='session')
def random_weights(tmp_path_factory):
  """Function: torchvision's names and random arrays of the layers needed."""

  def write(backbone):
    module, rng = models.BACKBONES[backbone](), np.random.default_rng(0)
    names = {**LAYERS[backbone].content, **LAYERS[backbone].style}
    x = jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32)
    init = lambda x: module.init(
      jax.random.key(0), x, names, method='activations'
    )

    def draw(leaf):
      if len(leaf.shape) == 1:
        return np.zeros(leaf.shape, np.float32)
      std = np.sqrt(2 / np.prod(leaf.shape[:-1]))
      return rng.normal(0, std, leaf.shape).astype(np.float32)

    variables = jax.tree.map(draw, jax.eval_shape(init, x))
    path = tmp_path_factory.mktemp('weights') / f'{backbone}.safetensors'
    torchvision.save_torchvision(path, variables)
    return path, module, variables

  return write
