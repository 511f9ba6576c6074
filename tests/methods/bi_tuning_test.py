"""One step of Bi-Tuning against its formula."""

import jax
import jax.numpy as jnp
import numpy as np

from da_jax import losses
from da_jax.methods import bi_tuning
from tests.methods.one_step import (
  MODEL,
  SGD,
  batch,
  begun,
  flat,
  stepped,
)


def test_bi_tuning_moves_its_keys_slowly_and_queues_them():
  method = bi_tuning.bi_tuning(MODEL, SGD, projection=6, queue=4, momentum=0.9)
  state, moved = begun(method)
  assert np.array_equal(
    flat(state.variables['keys']['params']), flat(state.params)
  )
  after, metrics = stepped(method, moved)
  keys = after.variables['keys']
  expected = 0.9 * flat(state.params) + 0.1 * flat(moved.params)
  np.testing.assert_allclose(flat(keys['params']), expected, atol=1e-6)
  collections = {
    'params': keys['params']['model'],
    **state.variables['keys']['variables']['model'],
  }
  prediction = _in_training(collections, batch()['target']['x'])
  h = np.c_[prediction.features, np.ones(32)]
  h /= np.linalg.norm(h, axis=1, keepdims=True)
  y = batch()['target']['y']
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


@jax.jit
def _in_training(collections, x):
  return MODEL.apply(collections, x, train=True, mutable=['batch_stats'])[0]


def _contrasts(moved, after, h_key, y):
  """Both contrastive losses from what the step has left behind."""
  x = batch()['target']['x']

  def features(params, statistics):
    prediction = _in_training({'params': params['model'], **statistics}, x)
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
  z, z_key, h, w = (np.asarray(rows) for rows in (z, z_key, h, w))
  before, now = np.asarray(before), np.asarray(now)
  similar_z = np.array(
    [[z[i] @ before[c].T for c in range(3)] for i in range(32)]
  )
  similar_h = np.array(
    [[w[y[i]] @ now[c].T for c in range(3)] for i in range(32)]
  )
  contrast = losses.categorical_contrastive
  return (
    contrast(jnp.asarray(np.sum(z * z_key, 1)), jnp.asarray(similar_z), y),
    contrast(jnp.asarray(np.sum(h * w[y], 1)), jnp.asarray(similar_h), y),
  )


def test_bi_tuning_does_not_train_the_head_by_contrast():
  plain, contrastive = (
    bi_tuning.bi_tuning(MODEL, SGD, projection=6, queue=4, weight=weight)
    for weight in (0.0, 1.0)
  )
  state, _ = begun(plain)
  one, _ = stepped(plain, state)
  two, _ = stepped(contrastive, state)
  np.testing.assert_allclose(
    flat(one.params['model']['head']),
    flat(two.params['model']['head']),
    atol=1e-6,
  )
  assert np.any(
    flat(one.params['model']['backbone'])
    != flat(two.params['model']['backbone'])
  )
