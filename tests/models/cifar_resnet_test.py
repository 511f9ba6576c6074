"""The networks for CIFAR against the same networks in torch."""

import jax
import numpy as np
import pytest

from da_jax import models, weights

torch = pytest.importorskip('torch')
tnn = torch.nn

KEY = jax.random.key(0)


class Block(tnn.Module):
  """A residual block whose shortcut has no parameters (option A)."""

  def __init__(self, channels, width, strides):
    super().__init__()
    self.conv1 = tnn.Conv2d(channels, width, 3, strides, 1, bias=False)
    self.bn1 = tnn.BatchNorm2d(width)
    self.conv2 = tnn.Conv2d(width, width, 3, 1, 1, bias=False)
    self.bn2 = tnn.BatchNorm2d(width)
    self.strides = strides

  def forward(self, x):
    y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
    if self.strides > 1:
      x = x[:, :, ::2, ::2]
      zeros = torch.zeros_like(x[:, : x.shape[1] // 2])
      x = torch.cat([zeros, x, zeros], 1)
    return (x + y).relu()


def torch_network(count):
  """The network and its classification layer, random in all they hold."""
  torch.manual_seed(0)
  net = tnn.Sequential()
  net.add_module('conv1', tnn.Conv2d(3, 16, 3, 1, 1, bias=False))
  net.add_module('bn1', tnn.BatchNorm2d(16))
  net.add_module('relu', tnn.ReLU())
  channels = 16
  for i, width in enumerate((16, 32, 64), start=1):
    blocks = []
    for _ in range(count):
      blocks.append(Block(channels, width, width // channels))
      channels = width
    net.add_module(f'layer{i}', tnn.Sequential(*blocks))
  net.add_module('pool', tnn.AdaptiveAvgPool2d(1))
  net.add_module('flatten', tnn.Flatten())
  net.add_module('linear', tnn.Linear(64, 10))
  for module in net.modules():
    if isinstance(module, tnn.BatchNorm2d):
      for tensor in (module.weight, module.running_var):
        tnn.init.uniform_(tensor, 0.5, 1.5)
      for tensor in (module.bias, module.running_mean):
        tnn.init.uniform_(tensor, -0.3, 0.3)
  return net.eval()


def assert_same_logits(name, net, state):
  x = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype(np.float32)
  tensors = {key: tensor.numpy() for key, tensor in state.items()}
  kernel, bias = (tensors.pop(f'linear.{key}') for key in ('weight', 'bias'))
  backbone = models.BACKBONES[name]()
  template = jax.eval_shape(lambda: backbone.init(KEY, x, False))
  variables = weights.torchvision.to_variables(tensors, template)
  ours = jax.jit(lambda v: backbone.apply(v, x, False))(variables)
  with torch.no_grad():
    theirs = net(torch.tensor(x.transpose(0, 3, 1, 2))).numpy()
  np.testing.assert_allclose(
    ours @ kernel.T + bias, theirs, rtol=0, atol=1e-4 * np.abs(theirs).max()
  )


def test_logits_are_torchs():
  net = torch_network(3)
  assert_same_logits('cifar_resnet20', net, net.state_dict())


@pytest.mark.parametrize(
  'name,count,file',
  [
    ('cifar_resnet20', 3, 'cifar10_resnet20-12fca82f.th'),
    pytest.param(
      'cifar_resnet56',
      9,
      'cifar10_resnet56-4bfd9763.th',
      marks=pytest.mark.slow,
    ),
  ],
)
def test_published_weights_fit(real_data, name, count, file):
  path = real_data('weights') / 'weights' / file
  stored = torch.load(path, map_location='cpu', weights_only=True)['state_dict']
  state = {key.removeprefix('module.'): v for key, v in stored.items()}
  net = torch_network(count)
  # Files of early torch lack the counters of batches.
  missing, unexpected = net.load_state_dict(state, strict=False)
  assert not unexpected
  assert all(key.endswith('num_batches_tracked') for key in missing)
  assert_same_logits(name, net, state)
