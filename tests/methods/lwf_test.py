"""One step of LwF against its formula."""

import numpy as np

from da_jax.methods import lwf, start
from tests.methods.one_step import (
  MODEL,
  SGD,
  SOURCE_CLASSES,
  batch,
  begun,
  metrics_of,
)


def test_lwf_keeps_what_the_start_said():
  method = lwf.lwf(MODEL, SGD, source_classes=SOURCE_CLASSES)
  state, moved = begun(method)
  x = batch()['target']['x']

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
  metrics = metrics_of(method, moved)
  np.testing.assert_allclose(metrics['penalty'], expected, rtol=1e-4)
  np.testing.assert_allclose(
    metrics['loss'], metrics['target_loss'] + 4 * expected, rtol=1e-5
  )
