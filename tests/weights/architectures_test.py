"""Published files fit the backbones that they are of."""

import json

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from da_jax import models, weights
from da_jax.data.normalisation import CAFFE, HALF, IMAGENET
from da_jax.errors import UserError
from da_jax.weights import reading
from da_jax.weights import torchvision as ours
from da_jax.weights.architectures import ARCHITECTURES

KEY = jax.random.key(0)
# Backbone: torchvision's name, its layer that classifies, features.
TORCHVISION = {
  'resnet18': ('resnet18', 'fc', 512),
  'resnet34': ('resnet34', 'fc', 512),
  'resnet50': ('resnet50', 'fc', 2048),
  'resnet101': ('resnet101', 'fc', 2048),
  'resnet152': ('resnet152', 'fc', 2048),
  'resnext50': ('resnext50_32x4d', 'fc', 2048),
  'wide_resnet50': ('wide_resnet50_2', 'fc', 2048),
  'vgg16': ('vgg16', 'classifier.6', 4096),
  'vgg19': ('vgg19', 'classifier.6', 4096),
  'alexnet': ('alexnet', 'classifier.6', 4096),
  'mobilenet_v2': ('mobilenet_v2', 'classifier.1', 1280),
  'squeezenet1_1': ('squeezenet1_1', 'classifier.1', 512),
  'vit_b16': ('vit_b_16', 'heads.head', 768),
}
REAL = {
  'cifar_resnet20': 'cifar10_resnet20-12fca82f.th',
  'cifar_resnet56': 'cifar10_resnet56-4bfd9763.th',
  'mobilenet_v1_075': 'mobilenet_v1_0.75_224_imagenet.npz',
  'squeezenet1_1': 'squeezenet_v1.1_notop_imagenet.npz',
}


def template(name, side=64):
  backbone = models.BACKBONES[name]()
  x = jnp.zeros((1, side, side, 3))
  return jax.eval_shape(lambda: backbone.init(KEY, x, False))


def test_entries_are_of_backbones():
  assert not ARCHITECTURES.keys() - models.BACKBONES.keys()


@pytest.mark.parametrize('name', TORCHVISION)
def test_torchvision_files_fit(torchvision, name):
  import torch

  theirs, head, width = TORCHVISION[name]
  with torch.device('meta'):
    state = getattr(torchvision.models, theirs)().state_dict()
  tensors = {
    key: np.broadcast_to(np.float32(0), tuple(tensor.shape))
    for key, tensor in state.items()
  }
  assert ours.misfits(tensors, template(name), name) == []
  found = ours.head(tensors, name)
  if name == 'squeezenet1_1':
    assert found is None
  else:
    assert found['kernel'].shape == (width, 1000)
    assert found['bias'].shape == (1000,)
  assert ours.names_of(name, tensors).normalisation == IMAGENET
  del tensors[f'{head}.weight']
  assert ours.misfits(tensors, template(name), name) == []
  assert ours.head(tensors, name) is None
  tensors['extra.weight'] = np.zeros(3)
  assert ours.misfits(tensors, template(name), name) == [
    'extra.weight (3,) is unexpected'
  ]


@pytest.mark.parametrize('name', REAL)
def test_real_files_fit(real_data, name):
  path = real_data('weights') / 'weights' / REAL[name]
  loaded, head = weights.load(path, template(name), name)
  params, arrays = loaded['params'], reading.read(path)
  if name == 'squeezenet1_1':
    fire = params['features.6']['expand3x3']
    expected = arrays['fire4/expand3x3/kernel'], arrays['fire4/expand3x3/bias']
    kernel, bias, size = fire['kernel'], fire['bias'], 50
    assert head is None and weights.input_of(path, name) == CAFFE
  elif name == 'mobilenet_v1_075':
    kernel = params['conv_dw_4']['kernel'][:, :, 0]
    bias, size = loaded['batch_stats']['conv_dw_4_bn']['var'], 135
    expected = (
      arrays['conv_dw_4/depthwise_kernel'][..., 0],
      arrays['conv_dw_4_bn/moving_variance'],
    )
    assert head['kernel'].shape == (768, 1000)
    np.testing.assert_array_equal(head['bias'], arrays['conv_preds/bias'])
    assert weights.input_of(path, name) == HALF
  else:
    kernel = params['layer2']['0']['conv1']['kernel'].transpose(3, 2, 0, 1)
    bias, size = loaded['batch_stats']['layer3']['1']['bn2']['mean'], None
    expected = (
      arrays['module.layer2.0.conv1.weight'],
      arrays['module.layer3.1.bn2.running_mean'],
    )
    linear = arrays['module.linear.weight']
    np.testing.assert_array_equal(head['kernel'], linear.T)
    assert weights.input_of(path, name) == IMAGENET
  np.testing.assert_array_equal(kernel, expected[0])
  np.testing.assert_array_equal(bias, expected[1])
  assert size in (None, len(jax.tree.leaves(loaded)))


def test_another_network_is_named_in_the_words_of_the_file(real_data):
  path = real_data('weights') / 'weights' / REAL['mobilenet_v1_075']
  message = r'conv1/kernel is \(3, 3, 3, 24\) instead of \(3, 3, 3, 32\)'
  with pytest.raises(UserError, match=message):
    weights.load(path, template('mobilenet_v1'), 'mobilenet_v1')


def test_layers_of_keras_that_differ_from_ours_are_missed_by_its_names():
  shapes = {'params': {'features.12': {'squeeze': {'bias': np.zeros(64)}}}}
  tensors = {'fire9/expand1x1/bias': np.zeros(256)}
  assert ours.misfits(tensors, shapes, 'squeezenet1_1') == [
    'fire9/squeeze1x1/bias (64,) is missing',
    'fire9/expand1x1/bias (256,) is unexpected',
  ]


def test_names_of_flax():
  zeros = np.zeros(2, np.float32)
  shapes = {
    'params': {'bn1': {'scale': zeros}, 'conv1': {'kernel': zeros}},
    'batch_stats': {'bn1': {'mean': zeros}},
  }
  tensors = {
    'params.bn1.scale': np.array([1.0, 2.0]),
    'params.conv1.kernel': np.array([5.0, 6.0]),
    'batch_stats.bn1.mean': np.array([3.0, 4.0]),
  }
  loaded = ours.to_variables(tensors, shapes)
  np.testing.assert_array_equal(loaded['params']['bn1']['scale'], [1, 2])
  np.testing.assert_array_equal(loaded['params']['conv1']['kernel'], [5, 6])
  np.testing.assert_array_equal(loaded['batch_stats']['bn1']['mean'], [3, 4])


@pytest.mark.parametrize('name', models.BACKBONES)
def test_names_in_exported_files_are_unique(name):
  series = ('conv1d', 'lstm', 'transformer')
  x = jnp.zeros((1, 32, 3) if name in series else (1, 32, 32, 3))
  if name == 'alexnet':
    x = jnp.zeros((1, 64, 64, 3))
  backbone = models.BACKBONES[name]()
  shapes = jax.eval_shape(lambda: backbone.init(KEY, x, False))
  missing = ours.misfits({}, shapes, name)
  assert len(set(missing)) == len(missing) == len(jax.tree.leaves(shapes))


@pytest.mark.slow
def test_pixels_and_head_of_a_real_file_know_backpacks(real_data):
  root = real_data('weights', 'office_caltech10_images')
  path = root / 'weights' / REAL['mobilenet_v1_075']
  name = 'mobilenet_v1_075'
  loaded, head = weights.load(path, template(name), name)
  normalise = weights.input_of(path, name)
  files = sorted((root / 'office_caltech10_images/amazon/backpack').iterdir())
  images = [Image.open(file).convert('RGB') for file in files[:23]]
  x = np.stack([np.asarray(image.resize((224, 224))) for image in images])
  backbone = models.BACKBONES[name]()
  z = jax.jit(lambda x: backbone.apply(loaded, normalise(x), False))(x)
  labels = json.loads((root / 'weights/imagenet_labels_1000.json').read_text())
  top = [labels[i] for i in (z @ head['kernel'] + head['bias']).argmax(1)]
  assert sum(label.startswith('backpack') for label in top) >= 15
