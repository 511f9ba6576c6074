import jax
import numpy as np
import pytest

from da_jax import optimizers, schedules
from da_jax.data import batches
from da_jax.methods import finetuning
from da_jax.methods.linear_probe import fit_head
from da_jax.methods.lp_ft import lp_ft
from tests import toy

RNG = np.random.default_rng(0)


@pytest.mark.parametrize('c', [0.1, 1.0])
def test_head_is_sklearns_logistic_regression(c):
  linear_model = pytest.importorskip('sklearn.linear_model')
  z, y = RNG.normal(size=(60, 5)), RNG.integers(3, size=60)
  expected = linear_model.LogisticRegression(C=c, tol=1e-8).fit(z, y)
  head = fit_head(z, y, 3, c=c)
  np.testing.assert_allclose(head['kernel'].T, expected.coef_, atol=1e-4)
  ours, theirs = head['bias'], expected.intercept_  # equal up to a constant
  np.testing.assert_allclose(
    ours - ours.mean(), theirs - theirs.mean(), atol=1e-4
  )


def test_a_class_without_examples_is_never_said():
  z, y = RNG.normal(size=(40, 5)), RNG.integers(2, size=40)
  head = fit_head(z, y, 3)
  logits = z @ head['kernel'] + head['bias']
  assert np.all(np.argmax(logits, 1) != 2) and np.all(np.isfinite(logits))


def test_lp_ft_begins_with_the_probe_and_changes_nothing_else():
  method, pair = lp_ft(toy.classifier(), toy.optimizer()), toy.pair()
  epoch = lambda: batches.epoch(pair, batch_size=32, seed=0, target_labels=True)
  state = method.init(jax.random.key(0), next(epoch()))
  begun = method.begin(state, epoch(), jax.random.key(1))
  train = pair.target_train
  features = method.predict(state, train.x).features
  head = fit_head(features, train.y, toy.CLASSES)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, atol=1e-3),
    begun.params['model']['head'],
    head,
  )
  jax.tree.map(
    np.testing.assert_array_equal,
    begun.params['model']['backbone'],
    state.params['model']['backbone'],
  )
  hits = np.argmax(method.predict(begun, train.x).logits, 1) == train.y
  assert hits.mean() > 0.7  # on random features; chance is a third


def test_probing_moves_the_head_alone():
  way, model = finetuning.WAYS['head'], toy.classifier(dropout=0.5)
  optimizer = optimizers.by_part(
    optimizers.sgd(schedules.constant(0.1), weight_decay=0.1),
    frozen=way.parts(model.backbone, 1).frozen,
  )
  method = way.make(model, optimizer, label_smoothing=0.0)
  train = toy.pair().target_train
  batch = {'target': {'x': train.x[:16], 'y': train.y[:16]}}
  state = method.init(jax.random.key(0), batch)
  after, metrics = method.step(state, batch, jax.random.key(1))
  for name in ('backbone', 'bottleneck'):
    jax.tree.map(
      np.testing.assert_array_equal,
      after.params['model'][name],
      state.params['model'][name],
    )
  jax.tree.map(np.testing.assert_array_equal, after.variables, state.variables)
  logits = np.asarray(method.predict(state, train.x[:16]).logits, np.float64)
  log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
  expected = -log_p[np.arange(16), train.y[:16]].mean()
  np.testing.assert_allclose(metrics['loss'], expected, rtol=1e-5)
  residual = np.exp(log_p) - np.eye(toy.CLASSES)[train.y[:16]]
  moved = after.params['model']['head']['bias']
  start = np.asarray(state.params['model']['head']['bias'])
  # Nesterov's first step is 1.9 gradients long.
  gradient = residual.mean(0) + 0.1 * start
  np.testing.assert_allclose(moved, start - 0.19 * gradient, atol=1e-6)
