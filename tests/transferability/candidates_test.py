"""Candidates for a labelled target: what is predicted, and the script."""

import csv
import functools

import jax
import numpy as np
import pytest
from scipy import special

from da_jax import models, transferability, types
from da_jax.data import transforms
from da_jax.data.pair import Examples
from da_jax.errors import UserError
from da_jax.transferability import candidates
from da_jax.weights import inspect, torchvision
from tests import scripts, toy


@pytest.fixture
def lenet(tmp_path, monkeypatch):
  """A file of a LeNet, and its backbone's variables."""
  few = {name: models.BACKBONES[name] for name in ('mlp', 'lenet')}
  monkeypatch.setattr(models, 'BACKBONES', few)
  x = np.zeros((1, 28, 28, 1), np.float32)
  variables = jax.jit(
    lambda x: models.LeNet().init(jax.random.key(0), x, False)
  )(x)
  path = tmp_path / 'w.safetensors'
  torchvision.save_torchvision(path, variables)
  return path, variables


def _images(shape):
  rng = np.random.default_rng(0)
  x = rng.integers(256, size=(30, *shape)).astype(np.uint8)
  prepare = lambda x: x.astype(np.float32) / 255
  train = Examples(x, np.arange(30, dtype=np.int32) % 3)
  return toy.pair()._replace(target_train=train, prepare=prepare)


def test_features_are_those_of_the_file(lenet, monkeypatch):
  path, variables = lenet
  pair = _images((28, 28, 1))
  assert candidates.backbone_of(path) == 'lenet'
  found = candidates.predictions(path, pair)
  x = pair.prepare(pair.target_train.x)
  apply = jax.jit(functools.partial(models.LeNet().apply, train=False))
  np.testing.assert_allclose(found.features, apply(variables, x), atol=1e-5)
  assert found.logits.shape == (30, 0)
  monkeypatch.setattr(candidates, 'EXAMPLES', 7)
  rows = candidates.drawn(pair)
  assert len(rows) == 7 and (np.diff(rows) > 0).all()
  np.testing.assert_allclose(
    candidates.predictions(path, pair).features,
    found.features[rows],
    atol=1e-5,
  )


def test_what_cannot_be_is_said(lenet, tmp_path):
  path, _ = lenet
  _, prepare = transforms.rows()
  rows = toy.pair()._replace(prepare=prepare)
  with pytest.raises(UserError, match='does not take the data of toy'):
    candidates.predictions(path, rows)
  np.savez(tmp_path / 'other.npz', a=np.zeros((3, 3)))
  nearest = inspect.fits({'a': np.zeros((3, 3))})[0].backbone
  with pytest.raises(
    UserError, match=f'fits no backbone; nearest is {nearest}'
  ):
    candidates.backbone_of(tmp_path / 'other.npz')


def test_scores_of_a_classification_layer_and_without():
  rng = np.random.default_rng(1)
  y = np.arange(40) % 4
  z = rng.normal(size=(40, 3)) + y[:, None]
  logits = rng.normal(size=(40, 6))
  found = candidates.scores('a', 'mlp', types.Prediction(z, logits), y)
  p = special.softmax(logits, axis=1)
  assert found[2:] == (
    transferability.logme(z, y),
    transferability.h_score(z, y),
    transferability.leep(p, y),
    transferability.nce(p.argmax(1), y),
  )
  bare = candidates.scores('a', 'mlp', types.Prediction(z, logits[:, :0]), y)
  assert bare[2:] == (*found[2:4], None, None)


@pytest.mark.slow
def test_the_script_prefers_what_was_trained(tmp_path):
  quick = ('--batch_size=16', '--backbone=lenet')
  runs = [
    scripts.train(tmp_path / name, f'--steps={steps}', *quick)
    for name, steps in (('barely', 1), ('trained', 150))
  ]
  out = tmp_path / 'ranked.csv'
  process = scripts.run(
    'transferability',
    *(f'--weights={run}' for run in runs),
    f'--out={out}',
    '--labels_per_class=20',
  )
  assert process.returncode == 0, process.stderr
  with out.open(newline='') as file:
    lines = list(csv.DictReader(file))
  assert [line['weights'] for line in lines] == [str(run) for run in runs[::-1]]
  for name in ('logme', 'leep', 'nce'):  # 256 features are more than labels
    assert float(lines[0][name]) > float(lines[1][name])
