"""Networks for time series and texts equal torch's, example by example.

Torch gets every example without its padding and the weights as leaves of one
tree, so that values and gradients of all parameters can be compared.
"""

import jax
import numpy as np
import pytest

from tests.models.layers_test import close
from tests.models.sequence_test import NAMES, SMALL, init, inputs

torch = pytest.importorskip('torch')
functional = torch.nn.functional


def embed(params, row):
  if row.ndim == 2:
    return row @ params['dense']['kernel'] + params['dense']['bias']
  table = params['table']['embedding']
  return table[row] * table.shape[1] ** 0.5


def lstm(variables, row, train):
  del train
  params = variables['params']
  x = embed(params['embed'], row)
  for i, width in ((1, 8), (2, 6)):
    cell = params[f'lstm{i}']['cell']
    gates = lambda key, part, cell=cell: torch.cat(
      [cell[key + gate][part].T for gate in 'ifgo']
    )
    bias = torch.cat([cell['h' + gate]['bias'] for gate in 'ifgo'])
    weights = {
      'weight_ih_l0': gates('i', 'kernel'),
      'weight_hh_l0': gates('h', 'kernel'),
      'bias_ih_l0': torch.zeros_like(bias),
      'bias_hh_l0': bias,
    }
    layer = torch.nn.LSTM(x.shape[1], width).double()
    x, _ = torch.func.functional_call(layer, weights, (x,))
  return x[-1]


def transformer(variables, row, train):
  del train
  params = variables['params']
  x = embed(params['embed'], row)
  angles = torch.arange(len(x))[:, None] / 10_000 ** (torch.arange(8) / 8)
  x = x + torch.stack([angles.sin(), angles.cos()], -1).reshape(x.shape)
  layer = torch.nn.TransformerEncoderLayer(
    16, 4, 64, 0.0, 'gelu', batch_first=True, norm_first=True
  ).double()
  ours = {
    'self_attn.in_proj_': 'qkv',
    'self_attn.out_proj.': 'out',
    'linear1.': 'fc1',
    'linear2.': 'fc2',
    'norm1.': 'norm1',
    'norm2.': 'norm2',
  }
  for i in (1, 2):
    weights = {}
    for theirs, name in ours.items():
      part = params[f'layer{i}'][name]
      weights[theirs + 'weight'] = (
        part['kernel'].T if 'kernel' in part else part['scale']
      )
      weights[theirs + 'bias'] = part['bias']
    x = torch.func.functional_call(layer, weights, (x[None],))[0]
  norm = params['norm']
  x = functional.layer_norm(x, (16,), norm['scale'], norm['bias'])
  return x.mean(0)


def conv1d(variables, x, train):
  """Takes a batch of series, too: BatchNorm of a batch in training."""
  params, stats = variables['params'], variables['batch_stats']
  if not x.is_floating_point():
    x = embed(params['stem']['embed'], x)
  x = x.reshape(-1, *x.shape[-2:]).swapaxes(1, 2)
  for name, keys in (('stem', ['block']), ('block2', []), ('block3', [])):
    block, norm = params[name], stats[name]
    for key in keys:
      block, norm = block[key], norm[key]
    size = block['kernel'].shape[0]
    x = functional.conv1d(
      x, block['kernel'].permute(2, 1, 0), padding=size // 2
    )
    x = functional.batch_norm(
      x,
      norm['bn']['mean'].detach().clone(),
      norm['bn']['var'].detach().clone(),
      block['bn']['scale'],
      block['bn']['bias'],
      training=train and name != 'stem',
    )
    x = functional.max_pool1d(x.relu(), 2, 2, 1)
  return functional.adaptive_avg_pool1d(x, 1)[:, :, 0].squeeze(0)


TORCH = {'conv1d': conv1d, 'lstm': lstm, 'transformer': transformer}


def assert_equal(name, x, examples, train=False):
  """Compares features and gradients of a random projection of them."""
  network = SMALL[name].clone(frozen=1)
  variables = init(network, x)

  def value(params):
    collections = {**variables, 'params': params}
    z, _ = network.apply(collections, x, train, mutable=['batch_stats'])
    return z

  leaves = jax.tree.map(
    lambda v: torch.tensor(v, dtype=torch.float64, requires_grad=True),
    variables,
  )
  expected = [TORCH[name](leaves, example, train) for example in examples]
  expected = torch.stack(expected).reshape(len(x), -1)
  weights = np.random.default_rng(2).normal(size=expected.shape)
  (expected * torch.tensor(weights)).sum().backward()
  gradients = jax.tree.map(lambda v: v.grad.numpy(), leaves['params'])
  loss = lambda params: (value(params) * weights).sum()
  params = variables['params']
  actual = jax.jit(lambda p: (value(p), jax.grad(loss)(p)))(params)
  close(actual, (expected.detach().numpy(), gradients))


@pytest.mark.parametrize('name', NAMES)
def test_series(name):
  x = inputs('series', 12)
  assert_equal(name, x, torch.tensor(x, dtype=torch.float64))


@pytest.mark.parametrize('name', NAMES)
def test_texts_without_their_padding(name):
  x = inputs('text', 9)[[0, 1, 3]]
  assert (x == 0).any()
  assert_equal(name, x, [torch.tensor(row[row != 0]).long() for row in x])


def test_conv1d_in_training_behind_a_frozen_stem():
  x = inputs('series', 12)
  batch = torch.tensor(x, dtype=torch.float64)[None]
  assert_equal('conv1d', x, batch, train=True)
