"""Accumulated gradients: the update of one large batch, where it can be."""

import jax
import numpy as np
import pytest

from da_jax import methods, models, optimizers, schedules
from da_jax.data import batches
from da_jax.losses import mmd
from tests import toy

COUNT, STEPS = 4, 5


def _method(name, count):
  """Without BatchNorm."""
  model = models.Classifier(
    models.Mlp(widths=(16,)), toy.CLASSES, bottleneck=8, bottleneck_norm=False
  )
  optimizer = optimizers.every(toy.optimizer(), count)
  strength = schedules.dann_strength(STEPS)
  critic = models.DomainCritic(widths=(8,), norm=False, dropout=0.0)
  return methods.accumulate(
    {
      'source_only': lambda: methods.source_only(model, optimizer),
      'dann': lambda: methods.dann(model, critic, optimizer, strength=strength),
      'mmd': lambda: methods.align(
        model, optimizer, discrepancy=mmd, weight=strength
      ),
    }[name](),
    count,
  )


def _trained(name, count, rows=16):
  method = _method(name, count)
  step, metrics = jax.jit(method.step), None
  settings = dict(batch_size=rows, seed=0, target_labels=False)
  draw = lambda number: batches.batch_at(toy.pair(), number, **settings)
  state = method.init(jax.random.key(0), draw(0))
  for number in range(STEPS):
    state, metrics = step(state, draw(number), jax.random.key(number))
  return state, metrics


@pytest.mark.parametrize('name', ['source_only', 'dann'])
def test_parts_make_the_update_of_the_whole(name):
  (state, metrics), (whole, expected) = (_trained(name, n) for n in (COUNT, 1))
  assert int(state.step) == int(whole.step) == STEPS
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
    state.params,
    whole.params,
  )
  np.testing.assert_allclose(metrics['loss'], expected['loss'], rtol=1e-5)
  assert metrics.keys() == expected.keys()


def test_a_loss_of_pairs_sees_the_parts():
  state, whole = (_trained('mmd', n)[0] for n in (COUNT, 1))
  differing = jax.tree.map(
    lambda a, b: np.abs(a - b).max() > 1e-4, state.params, whole.params
  )
  assert any(jax.tree.leaves(differing))


def test_the_rate_falls_by_updates_and_not_by_parts():
  rates = []

  def schedule(step):
    jax.debug.callback(lambda s: rates.append(int(s)), step)
    return 0.1

  optimizer = optimizers.every(optimizers.sgd(schedule), 2)
  gradients = {'w': np.ones(3, np.float32)}
  state = optimizer.init(gradients)
  for _ in range(4):
    _, state = optimizer.update(gradients, state, gradients)
  jax.effects_barrier()
  assert sorted(set(rates)) == [0, 1]
