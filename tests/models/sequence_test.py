"""Networks for time series and texts against torch, and their padding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import models, types
from da_jax.errors import UserError
from da_jax.models import sequence, transformer
from tests.models.layers_test import close

KEY = jax.random.key(0)
SMALL = {
  'conv1d': models.Conv1d(),
  'lstm': models.Lstm((8, 6)),
  'transformer': models.Transformer(width=16),
}
NAMES = sorted(SMALL)
KINDS = ('series', 'text')
LENGTHS = (7, 1, 0, 4)


def inputs(kind, time=7):
  """Four examples; texts end in padding, and one is nothing else."""
  rng = np.random.default_rng(0)
  if kind == 'series':
    return rng.normal(size=(4, time, 3)).astype(np.float32)
  ids = rng.integers(1, types.TOKENS, (4, 7)).astype(np.int32)
  ids = np.where(np.arange(7) < np.array(LENGTHS)[:, None], ids, 0)
  return np.pad(ids, ((0, 0), (0, time - 7)))


def init(network, x):
  """Variables that are random in all they hold, without compiling anything."""
  rng = np.random.default_rng(1)
  shapes = jax.eval_shape(lambda: network.init(KEY, x, False))

  def draw(path, leaf):
    ones = path[-1].key in ('scale', 'var')
    spread = 0.3 if leaf.ndim < 2 else 1.5 / np.sqrt(leaf.shape[-2])
    spread = 0.4 if path[-1].key == 'embedding' else spread
    return (ones + spread * rng.uniform(-1, 1, leaf.shape)).astype(leaf.dtype)

  return jax.tree_util.tree_map_with_path(draw, shapes)


def trained(network, variables, x):
  """What a network returns in training mode."""
  mutable, rngs = ['batch_stats'], {'dropout': KEY}
  return network.apply(variables, x, True, rngs=rngs, mutable=mutable)[0]


def features(name, variables, x):
  return jax.jit(lambda x: SMALL[name].apply(variables, x, False))(x)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('name', NAMES)
def test_depths_cover_exactly_the_parameters(name, kind):
  network = models.BACKBONES[name]()
  x = inputs(kind)
  params = jax.eval_shape(lambda: network.init(KEY, x, False))
  named = [part for _, parts in network.depths for part in parts]
  assert sorted(named) == sorted(params['params'])


@pytest.mark.parametrize('name', NAMES)
def test_padding_changes_no_feature(name):
  variables = init(SMALL[name], inputs('text'))
  expected = features(name, variables, inputs('text'))
  for time in (8, 11):
    close(features(name, variables, inputs('text', time)), expected)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('name', NAMES)
def test_examples_do_not_see_each_other(name, kind):
  x = inputs(kind)
  variables = init(SMALL[name], x)
  together = features(name, variables, x)
  for i in range(4):
    close(features(name, variables, x[i : i + 1])[0], together[i])
  assert not np.allclose(together[0], together[3], atol=1e-3)


@pytest.mark.parametrize('name', NAMES)
def test_nothing_but_padding_is_finite(name):
  x = inputs('text')
  variables = init(SMALL[name], x)
  differentiate = jax.jit(
    jax.value_and_grad(
      lambda params, x: (
        trained(SMALL[name], {**variables, 'params': params}, x) ** 2
      ).sum()
    )
  )
  for ids in (x, np.zeros_like(x)):
    value, gradients = differentiate(variables['params'], ids)
    assert np.isfinite(value)
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(gradients))


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('time', [1, 2, 3])
def test_short_series_have_features(name, time):
  x = inputs('series', time)
  z = features(name, init(SMALL[name], x), x)
  assert np.isfinite(z).all() and (np.std(z, axis=0) > 1e-4).any()


def test_positions_matter_and_nothing_else_orders_attention(monkeypatch):
  x = inputs('series')
  variables = init(SMALL['transformer'], x)
  run = lambda x: SMALL['transformer'].apply(variables, x, False)
  assert np.abs(run(x) - run(x[:, ::-1])).max() > 1e-2
  monkeypatch.setattr(transformer, 'sinusoids', lambda *s: np.zeros(s, 'f4'))
  close(run(x), run(x[:, ::-1]))


def test_sinusoids():
  table = transformer.sinusoids(5, 6)
  for p in range(5):
    for i in range(3):
      angle = p / 10_000 ** (2 * i / 6)
      pair = table[p, 2 * i : 2 * i + 2]
      np.testing.assert_allclose(pair, (np.sin(angle), np.cos(angle)), 1e-6)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('name', NAMES)
def test_a_step_down_the_gradient_lowers_the_loss(name, kind):
  x = inputs(kind)
  y = np.array([0, 1, 0, 1])
  classifier = models.Classifier(SMALL[name], 2, bottleneck=0)
  variables = init(classifier, x)

  def loss(params):
    logits = trained(classifier, {**variables, 'params': params}, x).logits
    return -jax.nn.log_softmax(logits)[jnp.arange(4), y].mean()

  differentiate = jax.jit(jax.value_and_grad(loss))
  value, gradients = differentiate(variables['params'])
  params = jax.tree.map(
    lambda p, g: p - 0.01 * g, variables['params'], gradients
  )
  assert differentiate(params)[0] < value


def test_embedded_ids_start_at_scale_one_and_padding_at_zero():
  embed = sequence.Embed(64)
  x = np.arange(200)[None]
  variables = embed.init(KEY, x)
  (table,) = jax.tree.leaves(variables)
  assert table.shape == (types.TOKENS, 64)
  vectors, mask = embed.apply(variables, x)
  assert not mask[0, 0] and mask[0, 1:].all()
  assert (vectors[0, 0] == 0).all()
  np.testing.assert_allclose(vectors[0, 1:], 8 * table[1:200], rtol=1e-6)
  assert abs(vectors[0, 1:].std() - 1) < 0.05


@pytest.mark.parametrize('x', [np.zeros((2, 6)), np.zeros((2, 6, 1), np.int32)])
def test_other_shapes_are_named(x):
  with pytest.raises(UserError, match=r'shape \(6,.*neither time series'):
    sequence.Embed(4).init(KEY, x)
