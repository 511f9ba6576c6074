"""One step of Co-Tuning against its formula."""

import jax
import numpy as np

from da_jax.methods import co_tuning, start
from tests import toy
from tests.methods.one_step import (
  MODEL,
  SGD,
  SOURCE_CLASSES,
  begun,
  metrics_of,
)


def test_relation_is_the_mean_of_each_class():
  p = np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9]])
  table = co_tuning.relation(p, np.array([0, 0, 2]), 3)
  np.testing.assert_allclose(table, [[0.6, 0.4], [0.5, 0.5], [0.1, 0.9]])


def test_co_tuning_relates_the_given_labels_to_the_old_head():
  method = co_tuning.co_tuning(MODEL, SGD, source_classes=SOURCE_CLASSES)
  state, _ = begun(method)
  pair = toy.pair()
  features = method.predict(state, pair.target_train.x).features
  head = state.params[start.SOURCE_HEAD]['fc']
  p = jax.nn.softmax(features @ head['kernel'] + head['bias'])
  for label, row in enumerate(state.variables[co_tuning.RELATION]):
    mean = np.asarray(p)[pair.target_train.y == label].mean(axis=0)
    np.testing.assert_allclose(row, mean, rtol=1e-5)
  metrics = metrics_of(method, state)
  np.testing.assert_allclose(
    metrics['loss'],
    metrics['target_loss'] + 2.3 * metrics['penalty'],
    rtol=1e-6,
  )
