"""MobileNet with Keras's parameters computes what Keras's layers do."""

import json

from flax import traverse_util
import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from da_jax import models

KEY = jax.random.key(0)
KERAS = {
  'kernel': 'kernel',
  'depthwise_kernel': 'kernel',
  'gamma': 'scale',
  'beta': 'bias',
  'moving_mean': 'mean',
  'moving_variance': 'var',
}


def to_variables(arrays, template):
  """Arrays by Keras's names, all of which the template must have."""
  flat = {}
  for name, array in arrays.items():
    layer, leaf = name.split('/')
    if leaf == 'depthwise_kernel':
      array = array.transpose(0, 1, 3, 2)
    collection = 'batch_stats' if leaf.startswith('moving') else 'params'
    flat[collection, layer, KERAS[leaf]] = array
  variables = traverse_util.unflatten_dict(flat)
  assert jax.tree.map(np.shape, variables) == jax.tree.map(np.shape, template)
  return variables


def torch_features(torch, variables, x):
  """The network layer by layer, its padding written out."""
  variables = jax.tree.map(lambda v: torch.tensor(np.array(v)), variables)
  functional = torch.nn.functional

  def layer(x, name, strides):
    kernel = variables['params'][name]['kernel'].permute(3, 2, 0, 1)
    size = kernel.shape[2]
    for dim in (3, 2):
      length = x.shape[dim]
      total = max((-(-length // strides) - 1) * strides + size - length, 0)
      edges = [0, 0] * (3 - dim) + [total // 2, total - total // 2]
      x = functional.pad(x, edges)
    groups = x.shape[1] // kernel.shape[1]
    x = functional.conv2d(x, kernel, stride=strides, groups=groups)
    scale = variables['params'][f'{name}_bn']
    statistics = variables['batch_stats'][f'{name}_bn']
    x = functional.batch_norm(
      x,
      statistics['mean'],
      statistics['var'],
      scale['scale'],
      scale['bias'],
      eps=1e-3,
    )
    return x.clamp(0, 6)

  x = layer(torch.tensor(x.transpose(0, 3, 1, 2)), 'conv1', 2)
  for i in range(1, 14):
    x = layer(x, f'conv_dw_{i}', 2 if i in (2, 4, 6, 12) else 1)
    x = layer(x, f'conv_pw_{i}', 1)
  return x.mean((2, 3)).numpy()


def test_features_are_those_of_plain_layers():
  torch = pytest.importorskip('torch')
  rng = np.random.default_rng(0)
  x = rng.normal(size=(2, 64, 71, 3)).astype(np.float32)
  backbone = models.MobileNetV1(alpha=0.25)
  shapes = jax.eval_shape(lambda: backbone.init(KEY, x, False))

  def draw(path, leaf):
    bound = (6 / np.prod(leaf.shape[:-1])) ** 0.5 if leaf.ndim == 4 else 0.3
    centre = 1 if path[-1].key in ('scale', 'var') else 0
    values = rng.uniform(centre - bound, centre + bound, leaf.shape)
    return jnp.array(values, jnp.float32)

  variables = jax.tree_util.tree_map_with_path(draw, shapes)
  ours = jax.jit(lambda v: backbone.apply(v, x, False))(variables)
  theirs = torch_features(torch, variables, x)
  np.testing.assert_allclose(
    ours, theirs, rtol=0, atol=1e-4 * np.abs(theirs).max()
  )


def test_momentum_is_that_of_keras():
  x = jax.random.normal(KEY, (2, 32, 32, 3))
  backbone = models.MobileNetV1(alpha=0.25)
  variables = jax.eval_shape(lambda: backbone.init(KEY, x, False))
  variables = jax.tree.map(lambda v: jnp.ones(v.shape), variables)
  apply = lambda v: backbone.apply(v, x, True, mutable=['batch_stats'])
  # Only what is returned is compiled.
  update = jax.jit(lambda v: apply(v)[1]['batch_stats']['conv1_bn'])
  # With kernels of ones, each channel is the sum of the window's pixels.
  padded = np.pad(x, [(0, 0), (0, 1), (0, 1), (0, 0)])
  windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
  mean = windows[:, ::2, ::2].sum((3, 4, 5)).mean()
  expected = 0.99 + 0.01 * mean
  np.testing.assert_allclose(update(variables)['mean'], expected, rtol=1e-5)


@pytest.mark.slow
def test_published_weights_know_backpacks(real_data):
  root = real_data('weights', 'office_caltech10_images')
  path = root / 'weights' / 'mobilenet_v1_0.75_224_imagenet.npz'
  with np.load(path) as arrays:
    arrays = dict(arrays)
  kernel = arrays.pop('conv_preds/kernel')[0, 0]
  bias = arrays.pop('conv_preds/bias')
  files = sorted((root / 'office_caltech10_images/amazon/backpack').iterdir())
  images = [Image.open(f).convert('RGB').resize((224, 224)) for f in files]
  x = np.stack(images).astype(np.float32) / 127.5 - 1
  backbone = models.BACKBONES['mobilenet_v1_075']()
  template = jax.eval_shape(lambda: backbone.init(KEY, x[:1], False))
  variables = to_variables(arrays, template)
  apply = jax.jit(lambda x: backbone.apply(variables, x, False))
  logits = np.concatenate([apply(x[i : i + 23]) for i in range(0, 92, 23)])
  logits = logits @ kernel + bias
  names = json.loads((root / 'weights/imagenet_labels_1000.json').read_text())
  top = [names[i] for i in logits.argmax(1)]
  assert len(top) == 92
  assert sum(name.startswith('backpack') for name in top) >= 70
