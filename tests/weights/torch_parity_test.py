"""Networks with loaded weights agree with the same networks in torch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import models, weights
from da_jax.weights import torchvision

torch = pytest.importorskip('torch')
safetensors_torch = pytest.importorskip('safetensors.torch')
tnn = torch.nn


class Block(tnn.Module):
  """A residual block under torchvision's names."""

  def __init__(self, width, channels, strides, deep):
    super().__init__()
    out = width * (4 if deep else 1)
    shapes = [(width, 3, strides), (width, 3, 1)]
    if deep:
      shapes = [(width, 1, 1), (width, 3, strides), (out, 1, 1)]
    self.count = len(shapes)
    before = channels
    for i, (features, size, step) in enumerate(shapes, start=1):
      conv = tnn.Conv2d(before, features, size, step, size // 2, bias=False)
      self.add_module(f'conv{i}', conv)
      self.add_module(f'bn{i}', tnn.BatchNorm2d(features))
      before = features
    self.downsample = None
    if strides > 1 or channels != out:
      self.downsample = tnn.Sequential(
        tnn.Conv2d(channels, out, 1, strides, bias=False),
        tnn.BatchNorm2d(out),
      )

  def forward(self, x):
    y = x
    for i in range(1, self.count + 1):
      y = getattr(self, f'bn{i}')(getattr(self, f'conv{i}')(y))
      y = y.relu() if i < self.count else y
    return (y + (self.downsample(x) if self.downsample else x)).relu()


def torch_resnet(counts, deep):
  """A residual network without its last layer, random in all it holds."""
  torch.manual_seed(0)
  net = tnn.Sequential()
  net.add_module('conv1', tnn.Conv2d(3, 64, 7, 2, 3, bias=False))
  net.add_module('bn1', tnn.BatchNorm2d(64))
  net.add_module('relu', tnn.ReLU())
  net.add_module('maxpool', tnn.MaxPool2d(3, 2, 1))
  channels = 64
  for i, count in enumerate(counts):
    blocks = []
    for j in range(count):
      strides = 2 if i > 0 and j == 0 else 1
      blocks.append(Block(64 * 2**i, channels, strides, deep))
      channels = 64 * 2**i * (4 if deep else 1)
    net.add_module(f'layer{i + 1}', tnn.Sequential(*blocks))
  net.add_module('avgpool', tnn.AdaptiveAvgPool2d(1))
  net.add_module('flatten', tnn.Flatten())
  for module in net.modules():
    if isinstance(module, tnn.BatchNorm2d):
      for tensor in (module.weight, module.bias, module.running_mean):
        tnn.init.uniform_(tensor, -0.3, 0.3)
      module.weight.data += 1
      tnn.init.uniform_(module.running_var, 0.5, 1.5)
  return net.eval()


@pytest.mark.parametrize(
  'name,counts,deep',
  [('resnet18', (2, 2, 2, 2), False), ('resnet50', (3, 4, 6, 3), True)],
)
def test_resnet(tmp_path, name, counts, deep):
  net = torch_resnet(counts, deep)
  safetensors_torch.save_file(net.state_dict(), tmp_path / 'w.safetensors')
  x = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype(np.float32)
  backbone = models.BACKBONES[name]()
  template = jax.eval_shape(lambda: backbone.init(jax.random.key(0), x, False))
  variables = weights.load_backbone(tmp_path / 'w.safetensors', template)

  x_torch = torch.tensor(x.transpose(0, 3, 1, 2), requires_grad=True)
  expected = net(x_torch)
  apply = lambda x: backbone.apply(variables, x, False)
  assert_close(jax.jit(apply)(x), expected.detach().numpy(), 1e-4)
  if not deep:
    expected.sum().backward()
    gradient = x_torch.grad.numpy().transpose(0, 2, 3, 1)
    actual = jax.jit(jax.grad(lambda x: apply(x).sum()))(x)
    assert_close(actual, gradient, 1e-3)


def test_lenet(tmp_path):
  torch.manual_seed(0)
  net = tnn.Sequential()
  for name, module in {
    'conv1': tnn.Conv2d(1, 20, 5),
    'pool1': tnn.MaxPool2d(2),
    'relu1': tnn.ReLU(),
    'conv2': tnn.Conv2d(20, 50, 5),
    'drop2': tnn.Dropout2d(0.5),
    'pool2': tnn.MaxPool2d(2),
    'relu2': tnn.ReLU(),
    'flatten': tnn.Flatten(),
    'fc1': tnn.Linear(800, 500),
    'relu3': tnn.ReLU(),
    'drop3': tnn.Dropout(0.5),
  }.items():
    net.add_module(name, module)
  x = np.random.default_rng(0).normal(size=(4, 28, 28, 1)).astype(np.float32)
  backbone = models.LeNet()
  template = jax.eval_shape(lambda: backbone.init(jax.random.key(0), x, False))
  tensors = {k: v.numpy() for k, v in net.state_dict().items()}
  variables = torchvision.to_variables(tensors, template)
  expected = net.eval()(torch.tensor(x.transpose(0, 3, 1, 2)))
  actual = backbone.apply(variables, jnp.asarray(x), False)
  assert_close(actual, expected.detach().numpy(), 1e-5)


def assert_close(actual, desired, tolerance):
  scale = np.abs(desired).max()
  np.testing.assert_allclose(actual, desired, rtol=0, atol=tolerance * scale)
