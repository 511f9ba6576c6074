"""What is said of a file of weights."""

import subprocess
import sys

import jax
import numpy as np
import pytest

from da_jax import models
from da_jax.errors import UserError
from da_jax.weights import inspect, torchvision
from tests import scripts


@pytest.fixture(autouse=True)
def few(monkeypatch):
  """Backbones that are looked at in no time."""
  names = ('mlp', 'lenet', 'cifar_resnet20', 'resnet18')
  chosen = {name: models.BACKBONES[name] for name in names}
  monkeypatch.setattr(models, 'BACKBONES', chosen)


@pytest.fixture
def lenet(tmp_path):
  """A file of a LeNet, all zeros."""
  x = np.zeros((1, 28, 28, 1), np.float32)
  shapes = jax.eval_shape(
    lambda: models.LeNet().init(jax.random.key(0), x, False)
  )
  zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), shapes)
  torchvision.save_torchvision(tmp_path / 'w.safetensors', zeros)
  return tmp_path / 'w.safetensors'


def said(path, capsys):
  inspect.main([str(path)])
  return capsys.readouterr().out.splitlines()


def test_a_file_that_fits(lenet, capsys):
  numbers = 20 * 26 + 50 * (20 * 25 + 1) + 500 * (50 * 16 + 1)
  assert said(lenet, capsys) == [
    f'{lenet}: 6 arrays of {numbers:,} numbers (float32) under names in'
    " torch's style",
    'fits --backbone=lenet',
    "  pixels: not known, the data's own",
  ]


def test_a_real_file(real_data, capsys):
  path = real_data('weights') / 'weights' / 'cifar10_resnet20-12fca82f.th'
  assert said(path, capsys)[1:] == [
    'fits --backbone=cifar_resnet20',
    '  classification layer of 10 classes',
    '  pixels: RGB, (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]',
  ]


def test_a_real_file_of_keras(real_data, capsys):
  name = 'mobilenet_v1_0.75_224_imagenet.npz'
  first, *_ = said(real_data('weights') / 'weights' / name, capsys)
  assert 'mobilenet_v1_0.75' in first and "in keras's style" in first
  # Keras: 2,601,976 numbers, means and variances included.
  assert '137 arrays of 2,601,976 numbers (float32)' in first


def test_why_the_nearest_does_not_fit(tmp_path, capsys):
  arrays = {
    'conv1.weight': np.zeros((20, 3, 5, 5)),
    'conv1.bias': np.zeros(20),
    'conv2.weight': np.zeros((50, 20, 5, 5)),
    'conv2.bias': np.zeros(50),
    'extra': np.zeros(3, np.float16),
  }
  np.savez(tmp_path / 'w.npz', **arrays)
  lines = said(tmp_path / 'w.npz', capsys)
  assert '(float16, float64)' in lines[0]
  assert lines[1:] == [
    'fits no backbone; nearest is lenet of 6 arrays, from which 4 differ:',
    '  fc1.bias (500,) is missing',
    '  fc1.weight (500, 800) is missing',
    '  conv1.weight is (20, 3, 5, 5) instead of (20, 1, 5, 5)',
  ]


def test_no_file():
  with pytest.raises(UserError, match=r'no\.pth does not exist'):
    inspect.main(['no.pth'])


@pytest.mark.parametrize(
  'arguments,named',
  [((), 'one file'), (('a', 'b'), 'one file'), (('a',), '=a does not exist')],
)
def test_command_ends_with_one_sentence(arguments, named):
  process = subprocess.run(
    [sys.executable, '-m', 'da_jax.weights.inspect', *arguments],
    cwd=scripts.ROOT,
    env=scripts.environment(),
    capture_output=True,
    text=True,
    check=False,
  )
  assert process.returncode == 2
  (line,) = process.stderr.splitlines()
  assert line.startswith('inspect: ') and named in line
