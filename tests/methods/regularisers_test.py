"""One step of each regulariser against its formula, from a known start."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from da_jax import losses
from da_jax.data import batches
from da_jax.methods import (
  bi_tuning,
  class_queue,
  co_tuning,
  ewc,
  lp_ft,
  lwf,
  start,
)
from da_jax.methods.delta import delta
from da_jax.methods.l2_sp import l2_sp
from tests import toy

MODEL, SGD, SOURCE_CLASSES = toy.classifier(), optax.sgd(0.1), 5


def _epoch():
  return batches.epoch(toy.pair(), batch_size=32, seed=0, target_labels=True)


def _batch():
  return next(_epoch())


def _begun(method):
  """A new run's state, and one whose model has moved since."""
  state = jax.jit(method.init)(jax.random.key(0), _batch())
  state = method.begin(state, _epoch(), jax.random.key(1))
  moved = jax.tree.map(lambda w: 1.1 * w + 0.01, state.params)
  return state, state._replace(params=moved)


def _metrics(method, state):
  return jax.jit(method.step)(state, _batch(), jax.random.key(2))[1]


def _flat(tree):
  leaves = jax.tree.leaves(jax.device_get(tree))
  return np.concatenate([np.ravel(x) for x in leaves]).astype(np.float64)


def test_l2_sp_pulls_old_parts_to_the_start_and_new_ones_to_zero():
  method = l2_sp(MODEL, SGD, pretrained=('backbone',), alpha=0.3, beta=0.2)
  state, moved = _begun(method)
  before, now = state.params['model'], moved.params['model']
  far = _flat(now['backbone']) - _flat(before['backbone'])
  new = _flat([now['bottleneck'], now['head']])
  expected = 0.15 * far @ far + 0.1 * new @ new
  metrics = _metrics(method, moved)
  np.testing.assert_allclose(metrics['penalty'], expected, rtol=1e-5)
  np.testing.assert_allclose(
    metrics['loss'], metrics['target_loss'] + metrics['penalty'], rtol=1e-6
  )


def test_l2_sp_gradient_is_added_to_the_cross_entropys():
  options = {'pretrained': ('backbone',), 'beta': 0.0}
  with_term = l2_sp(MODEL, SGD, alpha=0.3, **options)
  without = l2_sp(MODEL, SGD, alpha=0.0, **options)
  state, moved = _begun(with_term)
  step = lambda m: m.step(moved, _batch(), jax.random.key(2))[0].params
  difference = jax.tree.map(jnp.subtract, step(without), step(with_term))
  far = jax.tree.map(jnp.subtract, moved.params, state.params)['model']
  np.testing.assert_allclose(
    _flat(difference['model']['backbone']),
    0.1 * 0.3 * _flat(far['backbone']),
    atol=1e-6,
  )
  assert not np.any(_flat(difference['model']['head']))


def test_fisher_of_logistic_regression_in_closed_form():
  """y is drawn: mean over draws -> E_x sum_y p_y ([y = c] - p_c)^2 x_j^2."""
  rng = np.random.default_rng(0)
  w = rng.normal(size=(3, 4)).astype(np.float32)
  x = np.repeat(rng.normal(size=(4, 3)), 4000, axis=0).astype(np.float32)
  parts = np.array_split(x, 5)
  got = ewc.fisher(
    lambda w, x: x @ w,
    jnp.asarray(w),
    iter([{'target': {'x': part}} for part in parts]),
    jax.random.key(0),
  )
  z = x.astype(np.float64) @ w
  p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
  expected = (x**2).T @ (p * (1 - p)) / len(x)
  np.testing.assert_allclose(got, expected, rtol=0.05)


def test_ewc_weighs_by_the_fisher_information_and_spares_the_head():
  method = ewc.ewc(MODEL, SGD, source_classes=SOURCE_CLASSES, weight=3.0)
  state, moved = _begun(method)
  assert _metrics(method, state)['penalty'] == 0
  fisher = state.variables[ewc.FISHER]
  assert set(fisher) == {'backbone', 'bottleneck'}
  assert np.all(_flat(fisher) >= 0) and _flat(fisher).max() > 1e-4
  below = lambda params: _flat({name: params['model'][name] for name in fisher})
  far = below(moved.params) - below(state.params)
  metrics = _metrics(method, moved)
  expected = 0.5 * _flat(fisher) @ far**2
  np.testing.assert_allclose(metrics['penalty'], expected, rtol=1e-4)
  np.testing.assert_allclose(
    metrics['loss'], metrics['target_loss'] + 3 * expected, rtol=1e-5
  )


def test_lwf_keeps_what_the_start_said():
  method = lwf.lwf(MODEL, SGD, source_classes=SOURCE_CLASSES)
  state, moved = _begun(method)
  x = _batch()['target']['x']

  def logits(state, train):
    collections = {'params': state.params['model'], **state.variables['model']}
    mutable = ['batch_stats'] if train else False
    out = MODEL.apply(collections, x, train=train, mutable=mutable)
    features = (out[0] if train else out).features
    head = state.params[start.SOURCE_HEAD]['fc']
    return np.asarray(features @ head['kernel'] + head['bias'], np.float64)

  def soften(z):
    e = np.exp(z / 2)
    return e / e.sum(1, keepdims=True)

  p, q = soften(logits(state, False)), soften(logits(moved, True))
  expected = np.mean(np.sum(p * np.log(p / q), axis=1))
  metrics = _metrics(method, moved)
  np.testing.assert_allclose(metrics['penalty'], expected, rtol=1e-4)
  np.testing.assert_allclose(
    metrics['loss'], metrics['target_loss'] + 4 * expected, rtol=1e-5
  )


def test_relation_is_the_mean_of_each_class():
  p = np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9]])
  table = co_tuning.relation(p, np.array([0, 0, 2]), 3)
  np.testing.assert_allclose(table, [[0.6, 0.4], [0.5, 0.5], [0.1, 0.9]])


def test_co_tuning_relates_the_given_labels_to_the_old_head():
  method = co_tuning.co_tuning(MODEL, SGD, source_classes=SOURCE_CLASSES)
  state, _ = _begun(method)
  pair = toy.pair()
  features = method.predict(state, pair.target_train.x).features
  head = state.params[start.SOURCE_HEAD]['fc']
  p = jax.nn.softmax(features @ head['kernel'] + head['bias'])
  for label, row in enumerate(state.variables[co_tuning.RELATION]):
    mean = np.asarray(p)[pair.target_train.y == label].mean(axis=0)
    np.testing.assert_allclose(row, mean, rtol=1e-5)
  metrics = _metrics(method, state)
  np.testing.assert_allclose(
    metrics['loss'],
    metrics['target_loss'] + 2.3 * metrics['penalty'],
    rtol=1e-6,
  )


def test_delta_compares_maps_with_the_start_by_its_attention():
  options = {'pretrained': ('backbone', 'bottleneck', 'head'), 'alpha': 1.0}
  method = delta(MODEL, SGD, **options)
  state, moved = _begun(method)
  (name, attention), *others = state.variables['attention'].items()
  assert name == 'fc1' and not others
  np.testing.assert_allclose(attention.sum(), 1, rtol=1e-5)
  assert attention.max() > 1.2 * attention.min()
  x = _batch()['target']['x']
  maps = lambda s: (
    x @ s.params['model']['backbone']['fc1']['kernel']
    + (s.params['model']['backbone']['fc1']['bias'])
  )
  squares = np.asarray((maps(moved) - maps(state)) ** 2, np.float64)
  expected = 0.5 * 16 * np.sum(squares @ np.asarray(attention))
  np.testing.assert_allclose(
    _metrics(method, moved)['penalty'], expected, rtol=1e-4
  )
  assert _metrics(method, state)['penalty'] == 0


def test_delta_attends_to_what_the_loss_depends_on():
  """-<dL/dmap, map> is minus the derivative by a factor on the channel."""
  method = delta(MODEL, SGD, pretrained=('backbone',))
  state, _ = _begun(method)
  probed = lp_ft.with_probe(method.predict, state, _epoch(), toy.CLASSES)
  examples = toy.pair().target_train

  def loss(layer):
    params = {**probed.params['model'], 'backbone': {'fc1': layer}}
    collections = {'params': params, **probed.variables['model']}
    logits = MODEL.apply(collections, examples.x, train=False).logits
    return losses.cross_entropy(logits, examples.y)

  layer = probed.params['model']['backbone']['fc1']
  slopes = jax.tree.map(jnp.multiply, layer, jax.grad(loss)(layer))
  rise = -np.asarray(slopes['kernel'].sum(0) + slopes['bias'], np.float64)
  scores = np.exp((rise - rise.mean()) / rise.std() / 5)
  np.testing.assert_allclose(
    state.variables['attention']['fc1'], scores / scores.sum(), rtol=1e-3
  )


@pytest.mark.parametrize('n', [1, 7, 30])
def test_queue_equals_single_insertions(n):
  rng = np.random.default_rng(n)
  queue = class_queue.noise(
    jax.random.key(0), class_queue.empty(3, 4, {'h': 2, 'z': 5})
  )
  norms = np.linalg.norm(queue['h'], axis=-1)
  np.testing.assert_allclose(norms, 1, rtol=1e-5)
  expected = {name: np.array(rows) for name, rows in queue.items()}
  enqueue = jax.jit(class_queue.enqueue)
  for _ in range(3):
    y = rng.integers(3, size=n).astype(np.int32)
    keys = {'h': rng.normal(size=(n, 2)), 'z': rng.normal(size=(n, 5))}
    keys = jax.tree.map(lambda k: k.astype(np.float32), keys)
    queue = enqueue(queue, keys, y)
    for i, c in enumerate(y):
      for name, rows in keys.items():
        expected[name][c, expected['next'][c]] = rows[i]
      expected['next'][c] = (expected['next'][c] + 1) % 4
  jax.tree.map(np.testing.assert_array_equal, dict(queue), expected)


def test_bi_tuning_moves_its_keys_slowly_and_queues_them():
  method = bi_tuning.bi_tuning(MODEL, SGD, projection=6, queue=4, momentum=0.9)
  state, moved = _begun(method)
  assert np.array_equal(
    _flat(state.variables['keys']['params']), _flat(state.params)
  )
  after, metrics = jax.jit(method.step)(moved, _batch(), jax.random.key(2))
  keys = after.variables['keys']
  expected = 0.9 * _flat(state.params) + 0.1 * _flat(moved.params)
  np.testing.assert_allclose(_flat(keys['params']), expected, atol=1e-6)
  collections = {
    'params': keys['params']['model'],
    **state.variables['keys']['variables']['model'],
  }
  prediction, _ = MODEL.apply(
    collections, _batch()['target']['x'], train=True, mutable=['batch_stats']
  )
  h = np.c_[prediction.features, np.ones(32)]
  h /= np.linalg.norm(h, axis=1, keepdims=True)
  y = _batch()['target']['y']
  for label in range(3):
    rows = h[y == label]
    start_at = max(0, len(rows) - 4)
    slots = np.arange(start_at, len(rows)) % 4
    np.testing.assert_allclose(
      after.variables['queue']['h'][label][slots], rows[start_at:], atol=1e-5
    )
  by_projection, by_classifier = _contrasts(moved, after, h, y)
  np.testing.assert_allclose(
    metrics['penalty'], by_projection + by_classifier, rtol=1e-4
  )


def _contrasts(moved, after, h_key, y):
  """Both contrastive losses from what the step has left behind."""
  x = _batch()['target']['x']

  def features(params, statistics):
    prediction, _ = MODEL.apply(
      {'params': params['model'], **statistics},
      x,
      train=True,
      mutable=['batch_stats'],
    )
    projector = params['projector']['fc']
    z = prediction.features @ projector['kernel'] + projector['bias']
    h = jnp.c_[prediction.features, jnp.ones(len(x))]
    return losses.normalize(h), losses.normalize(z)

  h, z = features(moved.params, moved.variables['model'])
  _, z_key = features(
    after.variables['keys']['params'],
    moved.variables['keys']['variables']['model'],
  )
  head = moved.params['model']['head']
  w = losses.normalize(jnp.vstack([head['kernel'], head['bias']]).T)
  before, now = moved.variables['queue']['z'], after.variables['queue']['h']
  similar_z = np.array(
    [[z[i] @ before[c].T for c in range(3)] for i in range(32)]
  )
  similar_h = np.array(
    [[w[y[i]] @ now[c].T for c in range(3)] for i in range(32)]
  )
  contrast = losses.categorical_contrastive
  return (
    contrast(jnp.sum(z * z_key, 1), jnp.asarray(similar_z), y),
    contrast(jnp.sum(h * w[y], 1), jnp.asarray(similar_h), y),
  )


def test_bi_tuning_does_not_train_the_head_by_contrast():
  plain, contrastive = (
    bi_tuning.bi_tuning(MODEL, SGD, projection=6, queue=4, weight=weight)
    for weight in (0.0, 1.0)
  )
  state, _ = _begun(plain)
  key = jax.random.key(2)
  one, _ = plain.step(state, _batch(), key)
  two, _ = contrastive.step(state, _batch(), key)
  np.testing.assert_allclose(
    _flat(one.params['model']['head']),
    _flat(two.params['model']['head']),
    atol=1e-6,
  )
  assert np.any(
    _flat(one.params['model']['backbone'])
    != _flat(two.params['model']['backbone'])
  )
