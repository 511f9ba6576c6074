"""Methods whose source examples are stylised, as they train."""

import functools

import jax
import numpy as np
import pytest

from da_jax import methods, models, parallel, schedules
from da_jax.errors import UserError
from da_jax.methods.adain import adain
from tests import toy

RNG = np.random.default_rng(0)
BATCH = {
  'source': {
    'x': RNG.normal(size=(8, 9, 9, 3)).astype(np.float32),
    'y': (np.arange(8) % toy.CLASSES).astype(np.int32),
  },
  'target': {'x': RNG.normal(2, 3, size=(8, 9, 9, 3)).astype(np.float32)},
}
KEY = jax.random.key(1)


def _method(share=None, passes='joint', backbone=None):
  model = models.Classifier(backbone or toy.Convolutions(), toy.CLASSES, 8)
  method = methods.dann(
    model,
    models.DomainCritic(widths=(8,)),
    toy.optimizer(),
    strength=schedules.dann_strength(10),
    passes=passes,
  )
  return method if share is None else adain(method, model.backbone, share=share)


@functools.cache
def _state():
  state = jax.jit(_method().init)(jax.random.key(0), BATCH)
  return jax.device_get(state)  # a step of several devices donates its own


@functools.cache
def _step(share):
  return jax.jit(_method(share).step)


def _loss(share):
  _, metrics = _step(share)(_state(), BATCH, KEY)
  return float(metrics['source_loss'])


def test_share_of_zero_is_the_method_itself():
  key_step, _ = jax.random.split(KEY)
  expected, _ = _step(None)(_state(), BATCH, key_step)
  after, _ = _step(0.0)(_state(), BATCH, KEY)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), after, expected
  )


def test_training_sees_the_style_and_prediction_does_not():
  assert _loss(1.0) == _loss(1.0)
  assert abs(_loss(1.0) - _loss(0.0)) > 1e-3
  x = BATCH['source']['x']
  np.testing.assert_array_equal(
    _method(1.0).predict(_state(), x).logits,
    _method().predict(_state(), x).logits,
  )


def test_wraps_and_is_wrapped():
  method = methods.ema(_method(0.5), 0.9)
  state = jax.eval_shape(method.init, KEY, BATCH)
  after, _ = jax.eval_shape(method.step, state, BATCH, KEY)
  assert jax.tree.structure(after) == jax.tree.structure(state)


@pytest.mark.slow
def test_devices_under_jit_agree_with_one_and_pmap_trains(monkeypatch):
  def run(count, mode):
    monkeypatch.setattr(parallel, 'devices', lambda: jax.devices()[:count])
    method = _method(1.0)
    state = parallel.replicate(_state())
    step = parallel.compile_step(method.step, mode)
    after, metrics = step(state, BATCH, KEY)
    return jax.device_get((after.params, metrics))

  one, four = run(1, 'jit'), run(4, 'jit')
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4),
    one,
    four,
  )
  _, metrics = run(4, 'pmap')
  assert all(np.isfinite(value) for value in metrics.values())


def test_what_has_no_joint_pass_or_no_maps_is_refused():
  separate = _method(0.5, passes='separate')
  with pytest.raises(UserError, match='--passes=joint'):
    jax.eval_shape(separate.step, _state(), BATCH, KEY)
  model = models.Classifier(toy.Convolutions(), toy.CLASSES, 8)
  alone = adain(
    methods.source_only(model, toy.optimizer()), model.backbone, share=0.5
  )
  with pytest.raises(UserError, match='--passes=joint'):
    jax.eval_shape(
      alone.step, jax.eval_shape(alone.init, KEY, BATCH), BATCH, KEY
    )
  flat = _method(0.5, backbone=models.Mlp((4,)))
  with pytest.raises(UserError, match='Mlp has no maps'):
    jax.eval_shape(flat.step, jax.eval_shape(flat.init, KEY, BATCH), BATCH, KEY)
