"""Names and shapes of weights in torchvision's layout."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import models, weights
from da_jax.errors import UserError
from da_jax.weights import reading, torchvision


@pytest.fixture(scope='module')
def variables():
  x = jnp.zeros((1, 32, 32, 3))
  backbone = models.BACKBONES['resnet18']()
  shapes = jax.eval_shape(lambda: backbone.init(jax.random.key(0), x, False))
  rng = np.random.default_rng(0)
  draw = lambda leaf: jnp.array(rng.normal(size=leaf.shape), leaf.dtype)
  return jax.tree.map(draw, shapes)


@pytest.fixture(scope='module')
def tensors(variables, tmp_path_factory):
  path = tmp_path_factory.mktemp('weights') / 'w.safetensors'
  torchvision.save_torchvision(path, variables)
  return reading.read(path)


def test_names_are_torchvisions(tensors):
  assert len(tensors) == 100
  assert tensors['layer2.0.downsample.0.weight'].shape == (128, 64, 1, 1)
  assert tensors['layer4.1.bn2.running_var'].shape == (512,)


@pytest.mark.parametrize('suffix', ['.safetensors', '.npz'])
def test_round_trip(tmp_path, variables, tensors, suffix):
  path = tmp_path / f'w{suffix}'
  if suffix == '.npz':
    np.savez(path, **tensors)
  else:
    torchvision.save_torchvision(path, variables)
  template = jax.eval_shape(lambda: variables)
  loaded = weights.load_backbone(path, template)
  assert jax.tree.structure(loaded) == jax.tree.structure(variables)
  for a, b in zip(*map(jax.tree.leaves, (loaded, variables)), strict=True):
    assert a.dtype == b.dtype
    np.testing.assert_array_equal(a, b)


def test_head_counters_and_prefix_are_ignored(variables, tensors):
  extra = {
    'fc.weight': np.zeros((1000, 512)),
    'fc.bias': np.zeros(1000),
    'bn1.num_batches_tracked': np.array(7),
  }
  wrapped = {f'module.{k}': v for k, v in {**tensors, **extra}.items()}
  loaded = torchvision.to_variables(wrapped, variables)
  for a, b in zip(*map(jax.tree.leaves, (loaded, variables)), strict=True):
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
  'change,message',
  [
    ({'bn1.bias': None}, r'bn1\.bias \(64,\) is missing\.$'),
    ({'extra': np.zeros(3)}, r'extra \(3,\) is unexpected\.$'),
    (
      {'bn1.bias': np.zeros(65)},
      r'bn1\.bias is \(65,\) instead of \(64,\)\.$',
    ),
    ({f'x{i}': np.zeros(1) for i in range(5)}, r'x2 .*; and 2 more\.$'),
  ],
)
def test_what_does_not_fit(variables, tensors, change, message):
  changed = {**tensors, **change}
  changed = {k: v for k, v in changed.items() if v is not None}
  with pytest.raises(UserError, match=message):
    torchvision.to_variables(changed, variables)


def test_misfit_names_the_file(tmp_path, variables):
  np.savez(tmp_path / 'w.npz', a=np.zeros(2))
  with pytest.raises(UserError, match=r'w\.npz: the weights do not fit'):
    weights.load_backbone(tmp_path / 'w.npz', variables)
