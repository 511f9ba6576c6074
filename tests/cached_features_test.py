"""Features computed once are those of the backbone, and found again."""

import json
import shutil

from absl import logging
import jax
import numpy as np
import pytest

import da_jax
from da_jax import cached_features, data, evaluate, runs
from da_jax.data.normalisation import HALF
from da_jax.errors import UserError
from da_jax.models import LeNet
from da_jax.weights import trained
from tests import scripts

SETTINGS = {'backbone': 'lenet', 'dtype': 'float32'}
CACHED = ('--cache_features', '--backbone=lenet')


@pytest.fixture(scope='module')
def start(tmp_path_factory):
  """A run whose backbone is to be frozen."""
  return scripts.train(tmp_path_factory.mktemp('start') / 'run')


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
  folder = tmp_path / 'cache'
  monkeypatch.setenv('DA_JAX_CACHE', str(folder))
  return folder / 'features'


def _encoded(start):
  return cached_features.encoded(data.load_task('digits'), start, SETTINGS)


def _never(*_):
  raise AssertionError('computed again')


def test_features_are_the_backbones_in_evaluation_mode(start):
  task = data.load_task('digits')
  encoded = _encoded(start)
  images = {'shape': [28, 28, 3], 'mean': 0.5}
  variables = trained.backbone_of(start, SETTINGS, images)
  for before, after in zip(
    (task.source, task.target), (encoded.source, encoded.target), strict=True
  ):
    rows = np.array([0, 1, 500, len(before.examples.y) - 1])
    z = LeNet().apply(variables, HALF(before.examples.x[rows]), train=False)
    assert after.examples.x.dtype == np.float32
    np.testing.assert_allclose(after.examples.x[rows], z, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(after.examples.y, before.examples.y)


def test_the_pair_is_that_of_the_images(start):
  pair = data.draw(data.load_task('digits'))
  features = data.draw(_encoded(start))
  for part in pair.split:
    np.testing.assert_array_equal(features.split[part], pair.split[part])
  assert features.fingerprint == pair.fingerprint
  assert features.normalisation == pair.normalisation
  x = features.source_train.x[:3]
  for same in (features.prepare(x), features.augment(jax.random.key(0), x)):
    np.testing.assert_array_equal(same, x)


def test_nothing_is_computed_twice(start, monkeypatch):
  first = _encoded(start)
  monkeypatch.setattr(evaluate, 'compile_predict', lambda *_: _never)
  again = _encoded(start)
  for domain in ('source', 'target'):
    a, b = (getattr(task, domain).examples.x for task in (first, again))
    np.testing.assert_array_equal(a, b)


def test_what_is_damaged_or_missing_is_computed_again(
  start, cache, monkeypatch
):
  first = _encoded(start)
  some, other, *_ = sorted(cache.glob('*/*.npz'))
  content = bytearray(some.read_bytes())
  content[len(content) // 2] ^= 1  # the checksum sees a single bit
  some.write_bytes(content)
  other.unlink()
  warned = []
  monkeypatch.setattr(logging, 'warning', lambda *args: warned.append(args))
  again = _encoded(start)
  np.testing.assert_array_equal(
    again.source.examples.x, first.source.examples.x
  )
  assert [args[1] for args in warned] == [some]


def test_other_weights_programs_and_images_have_other_features(
  start, cache, monkeypatch
):
  _encoded(start)
  assert len(list(cache.iterdir())) == 2  # domains
  task = data.load_task('digits')
  cached_features.encoded(task, start, {**SETTINGS, 'dtype': 'bfloat16'})
  assert len(list(cache.iterdir())) == 4
  cached_features.encoded(task, start, SETTINGS, HALF._replace(mean=0.4))
  assert len(list(cache.iterdir())) == 6
  x = task.source.examples.x.copy()
  x[0, 0, 0] ^= 1
  source = task.source._replace(examples=task.source.examples._replace(x=x))
  cached_features.encoded(task._replace(source=source), start, SETTINGS)
  assert len(list(cache.iterdir())) == 7
  read = trained.backbone_of

  def changed(*args):
    return jax.tree.map(lambda a: np.asarray(a) * 1.01, read(*args))

  monkeypatch.setattr(trained, 'backbone_of', changed)
  _encoded(start)
  assert len(list(cache.iterdir())) == 9


def test_rows_have_no_backbone(start, tmp_path):
  np.savez(tmp_path / 'a.npz', x=np.eye(4), y=np.arange(4) % 2)
  shutil.copy(tmp_path / 'a.npz', tmp_path / 'b.npz')
  task = data.load_task(
    'features', data_dir=tmp_path, source='a.npz', target='b.npz'
  )
  with pytest.raises(UserError, match='--cache_features takes images'):
    cached_features.encoded(task, start, SETTINGS)


@pytest.fixture(scope='module')
def adapted(start, tmp_path_factory):
  """A run on the features of another run's backbone."""
  run = tmp_path_factory.mktemp('adapted') / 'run'
  return scripts.train(run, *CACHED, f'--weights={start}')


def test_a_run_on_features_predicts_from_images(adapted):
  model = da_jax.load(adapted, which='last')
  pair = data.load('digits')
  saved = np.load(adapted / runs.PREDICTIONS)
  order = np.random.default_rng(0).permutation(len(pair.target_test.y))[:50]
  logits = saved['target_logits'][:50].astype(np.float64)
  logits -= logits.max(1, keepdims=True)
  expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
  found = model(pair.target_test.x[order]).probabilities
  np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_backbone_that_is_gone_or_changed_is_named(
  adapted, tmp_path, monkeypatch
):
  config = json.loads((adapted / runs.CONFIG).read_text())
  run = shutil.copytree(adapted, tmp_path / 'run')

  def load(**encoder):
    changed = {**config, 'encoder': {**config['encoder'], **encoder}}
    (run / runs.CONFIG).write_text(json.dumps(changed))
    return da_jax.load(run)

  load()
  with pytest.raises(UserError, match='gone, which does not exist'):
    load(weights=str(tmp_path / 'gone'))
  with pytest.raises(UserError, match='holds other weights now'):
    load(digest='0' * 32)
