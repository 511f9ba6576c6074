"""Backbones with torchvision's parameters compute torchvision's features."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import models, weights

torch = pytest.importorskip('torch')

KEY = jax.random.key(0)
# torchvision's name of the network and of its classification layer.
THEIRS = {
  'resnet34': ('resnet34', 'fc'),
  'resnet101': ('resnet101', 'fc'),
  'resnet152': ('resnet152', 'fc'),
  'resnext50': ('resnext50_32x4d', 'fc'),
  'wide_resnet50': ('wide_resnet50_2', 'fc'),
  'alexnet': ('alexnet', 'classifier.6'),
  'vgg16': ('vgg16', 'classifier.6'),
  'vgg19': ('vgg19', 'classifier.6'),
  'squeezenet1_1': ('squeezenet1_1', 'classifier.1'),
  'mobilenet_v2': ('mobilenet_v2', 'classifier.1'),
  'convnext_tiny': ('convnext_tiny', 'classifier.2'),
}


@pytest.fixture
def build(torchvision):
  """Function of our name: torchvision's network on the meta device."""

  def make(name):
    with torch.device('meta'):
      return getattr(torchvision.models, THEIRS[name][0])()

  return make


def shapes(backbone, x):
  return jax.eval_shape(lambda: backbone.init(KEY, x, False))


def randomise(net):
  """Gives memory to a network and fills all it holds."""
  net = net.to_empty(device='cpu')
  torch.manual_seed(0)
  for name, tensor in net.state_dict().items():
    if tensor.ndim > 1:
      bound = (6 / tensor[0].numel()) ** 0.5
      tensor.uniform_(-bound, bound)
    elif name.endswith(('bias', 'running_mean')):
      tensor.uniform_(-0.3, 0.3)
    elif name.endswith(('weight', 'running_var')):
      tensor.uniform_(0.5, 1.5)
  return net.eval()


def tensors(net, head):
  return {
    name: tensor.numpy()
    for name, tensor in net.state_dict().items()
    if not name.startswith(f'{head}.')
  }


def features(net, name, x):
  """What the classification layer of torchvision's network is given."""
  seen = []
  head = net.get_submodule(THEIRS[name][1])
  head.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
  with torch.no_grad():
    net(torch.tensor(x.transpose(0, 3, 1, 2)))
  (z,) = seen
  return z.mean((2, 3)).numpy() if z.ndim == 4 else z.numpy()


def close(actual, desired, tolerance=1e-4):
  assert actual.shape == desired.shape
  scale = np.abs(desired).max()
  np.testing.assert_allclose(actual, desired, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize(
  'name,options',
  [
    ('resnext50', {}),
    ('alexnet', {}),
    ('vgg16', {}),
    ('squeezenet1_1', {}),
    ('squeezenet1_1', {'ceil_mode': False}),
    ('mobilenet_v2', {}),
    pytest.param('convnext_tiny', {}, marks=pytest.mark.slow),
  ],
)
def test_features_are_torchvisions(build, name, options):
  net = randomise(build(name))
  for module in net.modules():
    if isinstance(module, torch.nn.MaxPool2d):
      module.ceil_mode = options.get('ceil_mode', module.ceil_mode)
  x = np.random.default_rng(0).normal(size=(2, 64, 68, 3)).astype(np.float32)
  backbone = models.BACKBONES[name](**options)
  variables = weights.torchvision.to_variables(
    tensors(net, THEIRS[name][1]), shapes(backbone, x)
  )
  ours = jax.jit(lambda v, x: backbone.apply(v, x, False))(variables, x)
  close(ours, features(net, name, x))


@pytest.mark.parametrize('name', THEIRS)
def test_names_and_shapes_are_torchvisions(build, name):
  theirs = {
    key: tuple(tensor.shape)
    for key, tensor in build(name).state_dict().items()
    if not key.startswith(THEIRS[name][1])
    and not key.endswith('num_batches_tracked')
  }
  x = jnp.zeros((1, 64, 64, 3))
  leaf_names = {
    'kernel': 'weight',
    'scale': 'weight',
    'mean': 'running_mean',
    'var': 'running_var',
  }
  ours = {}
  for path, leaf in jax.tree_util.tree_leaves_with_path(
    shapes(models.BACKBONES[name](), x)
  ):
    _, *parts, last = (entry.key for entry in path)
    axes = range(leaf.ndim)
    if last == 'kernel':
      axes = {4: (3, 2, 0, 1), 2: (1, 0)}[leaf.ndim]
    key = '.'.join((*parts, leaf_names.get(last, last)))
    ours[key] = tuple(leaf.shape[axis] for axis in axes)
  assert ours == theirs


@pytest.mark.parametrize(
  'name,layer',
  [
    ('vgg16', 'features.28'),
    ('vgg16', 'classifier.3'),
    ('squeezenet1_1', 'features.12.expand3x3'),
    ('mobilenet_v2', 'features.17.conv.1.0'),
    ('mobilenet_v2', 'features.18.0'),
    ('convnext_tiny', 'features.2.1'),
    ('convnext_tiny', 'features.7.2.block.3'),
  ],
)
def test_initialisation_is_torchvisions(torchvision, name, layer):
  torch.manual_seed(0)
  net = getattr(torchvision.models, THEIRS[name][0])()
  theirs = net.get_submodule(layer)
  backbone = models.BACKBONES[name]()
  x = jnp.zeros((1, 64, 64, 3))

  # Only what is returned is compiled.
  @jax.jit
  def draw():
    params = backbone.init(KEY, x, False)['params']
    return {
      key: leaf
      for path, leaf in jax.tree_util.tree_leaves_with_path(params)
      for *parts, key in [[entry.key for entry in path]]
      if '.'.join(parts) == layer
    }

  ours = draw()
  share = np.linspace(0.05, 0.95, 7)
  weight = theirs.weight.detach().numpy()
  np.testing.assert_allclose(
    np.quantile(ours['kernel'], share),
    np.quantile(weight, share),
    atol=0.08 * weight.std(),
  )
  assert ('bias' in ours) == (theirs.bias is not None)
  if 'bias' in ours:
    np.testing.assert_array_equal(ours['bias'], theirs.bias.detach())


@pytest.mark.parametrize(
  'name,layers',
  [
    ('vgg19', {'conv1_1': 2, 'conv3_4': 18, 'conv4_1': 21, 'conv5_4': 36}),
    ('squeezenet1_1', {'conv1': 2, 'fire4': 7, 'fire9': 13}),
  ],
)
def test_activations_are_torchvisions(build, name, layers):
  net = randomise(build(name).features)
  x = np.random.default_rng(0).normal(size=(1, 48, 44, 3)).astype(np.float32)
  backbone = models.BACKBONES[name]()
  template = shapes(backbone, x)['params']
  template = {k: v for k, v in template.items() if k.startswith('features')}
  prefixed = {f'features.{k}': v for k, v in tensors(net, 'none').items()}
  variables = weights.torchvision.to_variables(prefixed, {'params': template})
  apply = lambda v: backbone.apply(v, x, [*layers], method='activations')
  ours = jax.jit(apply)(variables)
  assert set(ours) == set(layers)
  for layer, end in layers.items():
    with torch.no_grad():
      theirs = net[:end](torch.tensor(x.transpose(0, 3, 1, 2)))
    close(ours[layer], theirs.numpy().transpose(0, 2, 3, 1))


@pytest.mark.parametrize('name', ['vgg16', 'squeezenet1_1'])
def test_unknown_activation(name):
  x = jnp.zeros((1, 32, 32, 3))
  backbone = models.BACKBONES[name]()
  variables = shapes(backbone, x)
  apply = lambda v: backbone.apply(v, x, ['conv9_9'], method='activations')
  with pytest.raises(ValueError, match='conv9_9'):
    jax.eval_shape(apply, variables)
