"""Distances per layer: what is captured, and the numbers."""

import csv
import math

import jax
import numpy as np
import pytest

from da_jax import distances, models, selection
from da_jax.data import transforms
from da_jax.data.pair import Examples
from da_jax.selection import Evidence
from tests import scripts, toy


def _model(backbone, x):
  model = models.Classifier(backbone, 3, bottleneck=6)
  init = jax.jit(lambda x: model.init(jax.random.key(0), x, False))
  return model, init(x[:2].astype(np.float32))


def test_every_depth_of_a_perceptron_by_hand():
  pair = toy.pair()
  model, variables = _model(models.Mlp((6, 6)), pair.source_val.x)
  found = distances.per_layer(model, variables, pair)
  assert [(layer.name, layer.width) for layer in found] == [
    *(('stem', 6), ('stage1', 6), ('features', 6))
  ]
  z, params = [pair.source_val.x, pair.target_test.x], variables['params']
  for name, layer in zip(('fc1', 'fc2'), found, strict=False):
    dense = params['backbone'][name]
    z = [x @ dense['kernel'] + dense['bias'] for x in z]
    np.testing.assert_allclose(layer[2:], distances.between(*z), rtol=1e-3)
    z = [np.maximum(x, 0) for x in z]


def test_maps_of_images_are_averaged_over_places():
  rng = np.random.default_rng(0)
  images = rng.integers(256, size=(30, 8, 8, 3)).astype(np.uint8)
  _, prepare = transforms.small()
  y = np.zeros(30, np.int32)
  pair = toy.pair()._replace(
    source_val=Examples(images, y),
    target_test=Examples(images // 2, y),
    prepare=prepare,
  )
  model, variables = _model(toy.Convolutions(), images)
  found = distances.per_layer(model, variables, pair)
  assert [layer[:2] for layer in found] == [
    *(('stem', 5), ('stage1', 7), ('features', 6))
  ]

  def before_the_mean(x):
    _, state = jax.jit(
      lambda x: model.apply(
        variables, prepare(x), False, capture_intermediates=True
      )
    )(x)
    maps = state['intermediates']['backbone']['conv2']['__call__'][0]
    return np.asarray(maps).reshape(30, -1, 7).mean(1)

  expected = distances.between(*map(before_the_mean, (images, images // 2)))
  np.testing.assert_allclose(found[1][2:], expected, rtol=1e-3)


@pytest.mark.parametrize('name', ['resnet18', 'vit_s16', 'lstm'])
def test_every_depth_of_a_backbone_is_seen(name):
  backbone = models.BACKBONES[name]()
  shape = (2, 16, 3) if name == 'lstm' else (2, 32, 32, 3)
  model = models.Classifier(backbone, 3, bottleneck=6)
  x = jax.ShapeDtypeStruct(shape, np.float32)
  variables = jax.eval_shape(
    lambda x: model.init(jax.random.key(0), x, False), x
  )
  pooled = jax.eval_shape(distances.pooled(model), variables, x)
  assert set(pooled) == {*(depth for depth, _ in backbone.depths), 'features'}
  assert all(len(z.shape) == 2 and len(z) == 2 for z in pooled.values())


def test_distances_are_those_of_the_validators_and_coral_by_loops():
  rng = np.random.default_rng(1)
  z_s = rng.normal(size=(60, 3)).astype(np.float32)
  z_t = (rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3)) + 0.5).astype('f4')
  a_distance, mmd, coral = distances.between(z_s, z_t)
  evidence = Evidence(z_s, z_s, np.zeros(60, int), z_t, z_t)
  assert a_distance == -selection.a_distance(evidence)
  assert mmd == pytest.approx(-selection.mmd(evidence))
  deviation = np.concatenate([z_s, z_t]).std(axis=0)
  covariances = [np.cov(z / deviation, rowvar=False) for z in (z_s, z_t)]
  total = sum(
    (covariances[0][i, j] - covariances[1][i, j]) ** 2
    for i in range(3)
    for j in range(3)
  )
  assert coral == pytest.approx(total / (4 * 9), rel=1e-4)


def test_the_same_domain_is_near_and_a_constant_layer_tells_nothing():
  rng = np.random.default_rng(2)
  z_s, z_t = rng.normal(size=(2, 400, 5))
  near, far = distances.between(z_s, z_t), distances.between(z_s, 2 * z_t + 3)
  assert near[0] < 0.3 and abs(near[1]) < 0.01 and near[2] < 0.01
  assert far[0] > 1.9 and far[1] > 0.3 and far[2] > near[2]
  assert all(math.isnan(d) for d in distances.between(z_s * 0, z_t * 0))


def test_only_some_examples_are_predicted(monkeypatch):
  monkeypatch.setattr(distances, 'EXAMPLES', 20)
  pair, seen = toy.pair(), []
  model, variables = _model(models.Mlp((6,)), pair.source_val.x)
  between = distances.between
  monkeypatch.setattr(
    distances,
    'between',
    lambda z_s, z_t: seen.append((len(z_s), len(z_t))) or between(z_s, z_t),
  )
  distances.per_layer(model, variables, pair)
  assert seen == [(20, 20), (20, 20)]


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  folder = tmp_path_factory.mktemp('runs') / 'digits'
  return scripts.train(folder, '--report')


@pytest.mark.slow
def test_a_run_is_measured(run):
  process = scripts.run('distances', f'--run={run}')
  assert process.returncode == 0, process.stderr
  with (run / 'distances.csv').open(newline='') as file:
    lines = list(csv.DictReader(file))
  assert [line['name'] for line in lines] == [
    *('stem', 'stage1', 'stage2', 'features')
  ]
  for line in lines:
    assert 0 <= float(line['a_distance']) <= 2 and float(line['coral']) > 0
    assert line['name'] in process.stdout
  html = ' '.join((run / 'report.html').read_text().split())
  assert 'by layer' in html and 'of the selected step (' in html
