"""Vision Transformers with timm's parameters compute timm's features."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from da_jax import models, optimizers, weights
from da_jax.data.normalisation import IMAGENET
from da_jax.errors import UserError
from da_jax.methods.freezing import frozen_parts
from da_jax.models import positions

torch = pytest.importorskip('torch')
functional = torch.nn.functional

KEY = jax.random.key(0)
BLOCK = {
  'norm1': (32,),
  'attn.qkv': (96, 32),
  'attn.proj': (32, 32),
  'norm2': (32,),
  'mlp.fc1': (128, 32),
  'mlp.fc2': (32, 128),
}


def backbone(**options):
  return models.Vit(32, 4, 2, patch=4, image_size=24, **options)


def tensors(layer_scale):
  """A state dict as timm has it, of the backbone above."""
  shapes = {
    'cls_token': (1, 1, 32),
    'pos_embed': (1, 1 + 36, 32),
    'patch_embed.proj.weight': (32, 3, 4, 4),
    'patch_embed.proj.bias': (32,),
    **{'norm.weight': (32,), 'norm.bias': (32,)},
  }
  for i in range(2):
    for name, shape in BLOCK.items():
      shapes[f'blocks.{i}.{name}.weight'] = shape
      shapes[f'blocks.{i}.{name}.bias'] = shape[:1]
    for j in (1, 2) if layer_scale else ():
      shapes[f'blocks.{i}.ls{j}.gamma'] = (32,)
  rng = np.random.default_rng(0)
  return {
    name: rng.normal(0, 0.3, shape).astype(np.float32)
    for name, shape in shapes.items()
  }


def reference(tensors, x):
  """Features by torch, of images whose grid is not that of `pos_embed`."""
  t = {name: torch.tensor(array) for name, array in tensors.items()}
  leaves = lambda name: (t[f'{name}.weight'], t[f'{name}.bias'])
  norm = lambda x, name: functional.layer_norm(x, (32,), *leaves(name), 1e-6)
  linear = lambda x, name: functional.linear(x, *leaves(name))
  x = torch.tensor(x).permute(0, 3, 1, 2)
  x = functional.conv2d(x, *leaves('patch_embed.proj'), stride=4)
  n, _, *grid = x.shape
  maps = t['pos_embed'][:, 1:].reshape(1, 6, 6, 32).permute(0, 3, 1, 2)
  if grid != [6, 6]:
    maps = functional.interpolate(maps, grid, mode='bicubic', antialias=True)
  x = (x + maps).flatten(2).transpose(1, 2)
  token = t['cls_token'] + t['pos_embed'][:, :1]
  x = torch.cat([token.expand(n, 1, 32), x], 1)
  for i in range(2):
    block = f'blocks.{i}'
    y = linear(norm(x, f'{block}.norm1'), f'{block}.attn.qkv')
    q, k, v = y.reshape(n, -1, 3, 4, 8).permute(2, 0, 3, 1, 4)
    y = functional.scaled_dot_product_attention(q, k, v)
    y = linear(y.transpose(1, 2).reshape(x.shape), f'{block}.attn.proj')
    x = x + y * t.get(f'{block}.ls1.gamma', 1)
    y = linear(norm(x, f'{block}.norm2'), f'{block}.mlp.fc1')
    y = linear(functional.gelu(y), f'{block}.mlp.fc2')
    x = x + y * t.get(f'{block}.ls2.gamma', 1)
  return norm(x, 'norm')[:, 0].numpy()


@pytest.mark.parametrize(
  'shape,layer_scale', [((24, 24), None), ((24, 24), 1e-5), ((16, 40), 1e-5)]
)
def test_features_are_timms(shape, layer_scale):
  net = backbone(layer_scale=layer_scale)
  x = np.random.default_rng(1).normal(size=(3, *shape, 3)).astype(np.float32)
  template = jax.eval_shape(lambda: net.init(KEY, x, False))
  arrays = tensors(layer_scale)
  # Raises unless names and shapes are the same.
  variables = weights.torchvision.to_variables(arrays, template)
  ours = jax.jit(lambda v, x: net.apply(v, x, False))(variables, x)
  theirs = reference(arrays, x)
  assert ours.shape == theirs.shape
  np.testing.assert_allclose(ours, theirs, 0, 1e-4 * np.abs(theirs).max())


@pytest.mark.parametrize('as_file', [True, False])
def test_features_and_head_of_torchvisions(torchvision, as_file):
  torch.manual_seed(0)
  theirs = torchvision.models.vision_transformer.VisionTransformer(
    24, 4, 2, 4, 32, 128, num_classes=5
  ).eval()
  arrays = {
    # Its files have these names from before they were numbers.
    name.replace('mlp.0.', 'mlp.linear_1.').replace('mlp.3.', 'mlp.linear_2.')
    if as_file
    else name: torch.randn(tensor.shape).numpy() * 0.3
    for name, tensor in theirs.state_dict().items()
  }
  theirs.load_state_dict(
    dict(
      zip(theirs.state_dict(), map(torch.tensor, arrays.values()), strict=True)
    )
  )
  net = backbone()
  x = np.random.default_rng(1).normal(size=(3, 24, 24, 3)).astype(np.float32)
  template = jax.eval_shape(lambda: net.init(KEY, x, False))
  variables = weights.torchvision.to_variables(arrays, template, 'vit_b16')
  head = weights.torchvision.head(arrays, 'vit_b16')
  z = net.apply(variables, x, False)
  with torch.no_grad():
    logits = theirs(torch.tensor(x).permute(0, 3, 1, 2)).numpy()
  close = 1e-4 * np.abs(logits).max()
  np.testing.assert_allclose(
    z @ head['kernel'] + head['bias'], logits, 0, close
  )
  found = weights.torchvision.names_of('vit_b16', arrays)
  assert found.normalisation == IMAGENET


@pytest.mark.parametrize('grid', [(7, 20), (16, 16), (3, 5)])
def test_positions_are_resized_as_by_torch(grid):
  given = np.random.default_rng(0).normal(size=(1, 197, 8)).astype(np.float32)
  ours = positions.resize(jnp.array(given), grid)
  maps = torch.tensor(given[:, 1:]).reshape(1, 14, 14, 8)
  maps = functional.interpolate(
    maps.permute(0, 3, 1, 2), grid, mode='bicubic', antialias=True
  )
  theirs = maps.permute(0, 2, 3, 1).reshape(1, -1, 8).numpy()
  np.testing.assert_array_equal(ours[:, :1], given[:, :1])
  np.testing.assert_allclose(ours[:, 1:], theirs, atol=1e-5)


def test_images_are_whole_patches():
  x = jnp.zeros((1, 24, 26, 3))
  with pytest.raises(UserError, match='24 x 26'):
    jax.eval_shape(lambda: backbone().init(KEY, x, False))


def test_token_and_positions_freeze_with_the_stem():
  net = backbone()
  x = jnp.zeros((1, 24, 24, 3))
  shapes = jax.eval_shape(lambda: net.init(KEY, x, False))['params']
  shapes = {'model': {'backbone': shapes}}
  params = jax.tree.map(lambda leaf: np.ones(leaf.shape), shapes)
  optimizer = optimizers.by_part(optax.sgd(1.0), frozen=frozen_parts(net, 1))
  updates, _ = optimizer.update(params, optimizer.init(params))
  moved = [
    name
    for name, leaves in updates['model']['backbone'].items()
    if any(leaf.any() for leaf in jax.tree.leaves(leaves))
  ]
  assert set(moved) == {'blocks.0', 'blocks.1', 'norm'}
