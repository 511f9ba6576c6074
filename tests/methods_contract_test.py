"""Every method keeps the contract of `types.Method`."""

import functools
import itertools
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import methods, models, parallel, train
from da_jax.data import batches, transforms
from da_jax.data.pair import Examples
from tests import toy

METHODS = toy.all_methods()
NAMES = sorted(METHODS)
BATCH = 16


def _batch(name: str, step: int = 0):
  return batches.batch_at(
    toy.pair(),
    step,
    batch_size=BATCH,
    seed=0,
    target_labels=name in toy.SUPERVISED,
  )


def _slow_if_supervised(without=()):
  """The methods, ways of fine-tuning outside the quick tests."""
  return [
    pytest.param(name, marks=pytest.mark.slow)
    if name in toy.SUPERVISED
    else name
    for name in NAMES
    if name not in without
  ]


@functools.cache
def _state(name: str):
  return jax.jit(METHODS[name].init)(jax.random.key(0), _batch(name))


@functools.cache
def _eager(name: str):
  """The state after a step that is not compiled, and its metrics."""
  return METHODS[name].step(_state(name), _batch(name), jax.random.key(1))


def _close(a, b, tolerance: float):
  jax.tree.map(
    lambda x, y: np.testing.assert_allclose(x, y, atol=tolerance), a, b
  )


def _equal(a, b):
  jax.tree.map(np.testing.assert_array_equal, a, b)


@pytest.mark.parametrize('name', NAMES)
def test_step_keeps_structure_and_gives_finite_scalars(name):
  state, (after, metrics) = _state(name), _eager(name)
  describe = lambda tree: jax.tree.map(lambda x: (x.shape, x.dtype), tree)
  assert jax.tree.structure(state) == jax.tree.structure(after)
  assert describe(state) == describe(after)
  assert int(after.step) == 1
  assert all(v.shape == () and np.isfinite(v) for v in metrics.values())
  assert {'loss', 'gradient_norm'} <= metrics.keys()


@pytest.mark.parametrize('name', NAMES)
def test_predict_gives_features_and_logits(name):
  prediction = METHODS[name].predict(_state(name), toy.pair().target_test.x)
  assert prediction.features.shape == (41, 8)
  assert prediction.logits.shape == (41, toy.CLASSES)
  assert prediction.features.dtype == prediction.logits.dtype == jnp.float32


@pytest.mark.parametrize('name', _slow_if_supervised())
def test_compiles_once_and_agrees_with_eager(name):
  traces = []

  def step(state, batch, key):
    traces.append(None)
    return METHODS[name].step(state, batch, key)

  compiled, key = jax.jit(step), jax.random.key(1)
  jitted, metrics = compiled(_state(name), _batch(name), key)
  _close(_eager(name), (jitted, metrics), 1e-5)
  compiled(jitted, _batch(name, 1), key)
  assert len(traces) == 1


@pytest.mark.parametrize('name', _slow_if_supervised(toy.KEYLESS))
def test_randomness_is_the_key_alone(name):
  method = toy.all_methods(dropout=0.5)[name]
  state = jax.jit(method.init)(jax.random.key(0), _batch(name))
  step = jax.jit(method.step)
  one, _ = step(state, _batch(name), jax.random.key(1))
  again, _ = step(state, _batch(name), jax.random.key(1))
  other, _ = step(state, _batch(name), jax.random.key(2))
  _equal(one, again)
  changed = jax.tree.map(
    lambda a, b: bool(np.any(a != b)), one.params, other.params
  )
  assert any(jax.tree.leaves(changed))


@pytest.mark.parametrize('name', _slow_if_supervised())
def test_learns_the_toy(name):
  outcome = train.train(
    METHODS[name],
    toy.pair(shift=0.3),
    steps=100,
    batch_size=BATCH,
    target_labels=name in toy.SUPERVISED,
    eval_at_start=True,
    quiet=True,
  )
  first, last = outcome.record['first'], outcome.record['last']
  assert last['target_accuracy'] > max(0.8, first['target_accuracy'])


@pytest.mark.parametrize('name', sorted(set(NAMES) - set(toy.SUPERVISED)))
def test_target_labels_are_not_in_the_batch(name):
  batch = _batch(name)
  assert set(batch['target']) == {'x'}
  jax.eval_shape(METHODS[name].step, _state(name), batch, jax.random.key(0))


@functools.cache
def _methods(mode: str):
  """With dropout where devices draw the same of it."""
  return toy.all_methods(dropout=0.3) if mode == 'jit' else METHODS


def _parameters(name: str, mode: str, program: str, count: int):
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(parallel, 'devices', lambda: jax.devices()[:count])
    outcome = train.train(
      _methods(mode)[name],
      toy.pair(),
      steps=20,
      batch_size=BATCH,
      parallel_mode=program,
      target_labels=name in toy.SUPERVISED,
      quiet=True,
    )
  return jax.device_get((outcome.state.params, outcome.state.variables))


@functools.cache
def _on_one(name: str, mode: str):
  return _parameters(name, mode, 'jit', 1)


def _devices():
  for name, mode in itertools.product(NAMES, parallel.MODES):
    for count in (2, 4, 8):
      quick = count == 4 and name not in toy.SUPERVISED
      marks = () if quick else pytest.mark.slow
      yield pytest.param(name, mode, count, marks=marks)


@pytest.mark.parametrize(('name', 'mode', 'count'), list(_devices()))
def test_devices_equal_one(name, mode, count):
  if count > len(jax.devices()):
    pytest.skip(f'{len(jax.devices())} devices')
  many = _parameters(name, mode, mode, count)
  _close(_on_one(name, mode), many, 1e-5)


def _images(shift: int) -> Examples:
  rng = np.random.default_rng(shift)
  x = rng.integers(shift, 128 + shift, size=(40, 8, 8, 3)).astype(np.uint8)
  return Examples(x, np.arange(40, dtype=np.int32) % toy.CLASSES)


@pytest.mark.slow
def test_augmented_images_on_devices_equal_one(monkeypatch):
  """What is drawn for an image depends on its place in the batch alone."""
  augment, prepare = transforms.standard(8)
  source, target = _images(0), _images(99)
  pair = toy.pair()._replace(
    source_train=source,
    source_val=source,
    target_train=target,
    target_test=target,
    augment=augment,
    prepare=prepare,
  )
  model = models.Classifier(toy.Convolutions(), toy.CLASSES, bottleneck=8)
  method = methods.source_only(model, toy.optimizer())
  trained = {}
  for count in (1, 4):
    monkeypatch.setattr(parallel, 'devices', lambda n=count: jax.devices()[:n])
    outcome = train.train(method, pair, steps=5, batch_size=BATCH, quiet=True)
    trained[count] = jax.device_get(outcome.state.params)
  _close(trained[1], trained[4], 1e-5)
  plain = pair._replace(augment=lambda key, x: x)
  outcome = train.train(method, plain, steps=5, batch_size=BATCH, quiet=True)
  differ = lambda a, b: np.abs(a - b).max() > 1e-3
  found = jax.tree.map(differ, trained[4], jax.device_get(outcome.state.params))
  assert any(jax.tree.leaves(found))


@pytest.mark.slow
@pytest.mark.skipif(len(jax.devices()) >= 8, reason='they are here')
def test_eight_devices_equal_one():
  flag = '--xla_force_host_platform_device_count=8'
  process = subprocess.run(
    [
      *(sys.executable, '-m', 'pytest', __file__, '-m', 'slow or not slow'),
      *('-k', 'test_devices_equal_one and -8'),
    ],
    env={**os.environ, 'XLA_FLAGS': flag},
    capture_output=True,
    text=True,
    check=False,
  )
  assert process.returncode == 0, process.stdout[-3000:]
  assert ' skipped' not in process.stdout
