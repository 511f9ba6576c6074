"""A synthetic run folder, as training leaves it."""

import json

import numpy as np
import pytest

from da_jax import changes, scores

NAMES = ('<&> "quoted"', "back_pack's", 'tick $x_1', 'lamp')


def _predictions(rng, k, rows, gap, width, image_shape, per_class):
  """Clusters of features; the target's are shifted by `gap`."""
  centres = rng.normal(size=(k, 16)) * 3
  arrays = {}
  for domain, shift in (('source', 0.0), ('target', gap)):
    labels = np.arange(rows) % k
    features = centres[labels] + rng.normal(size=(rows, 16)) * width + shift
    distances = np.square(features[:, None] - centres).sum(-1)
    arrays[f'{domain}_features'] = features.astype(np.float32)
    arrays[f'{domain}_labels'] = labels.astype(np.int32)
    arrays[f'{domain}_logits'] = -distances.astype(np.float32)
  if image_shape:
    images = rng.integers(0, 256, (min(rows, 32), *image_shape))
    arrays['target_images'] = images.astype(np.uint8)
  confusion = np.zeros((k, k), np.int64)
  told = changes.outcomes(arrays['target_logits'], arrays['target_labels'])
  arrays.update(told)
  guesses = arrays['target_logits'].argmax(-1)
  np.add.at(confusion, (arrays['target_labels'], guesses), per_class)
  arrays['confusion'] = confusion
  counts = np.bincount(arrays['source_labels'], minlength=k)
  arrays['source_confusion'] = np.diag(counts)
  return arrays


def _metrics(rng, steps, final):
  """Lines of training and of evaluation, as they alternate."""
  for step in range(50, steps + 1, 50):
    done = step / steps
    yield {
      'step': step,
      'loss': 2.5 * np.exp(-4 * done) + rng.uniform(0, 0.2),
      'source_loss': 2.0 * np.exp(-5 * done) + rng.uniform(0, 0.1),
      'adaptation_loss': 0.69 - 0.2 * np.exp(-3 * done),
      'strength': 2 / (1 + np.exp(-10 * done)) - 1,
      'critic_accuracy': 0.95 - 0.4 * done + rng.uniform(-0.03, 0.03),
      'steps_per_second': 12 + rng.uniform(-1, 1),
    }
    if step % (steps // 10) == 0:
      yield {
        'step': step,
        'source_val_accuracy': 0.99 - 0.5 * np.exp(-8 * done),
        'target_accuracy': final - 0.4 * np.exp(-5 * done),
        'target_loss': 1.2 * np.exp(-2 * done),
      }


def _scores(last):
  """With the names of real ones, each of a value of its own."""
  logits, y = np.eye(2)[[0, 1, 1, 0]], np.array([0, 1, 1, 1])
  names = scores.summary(logits, y)
  return {
    domain: {name: best - i / 1000 for i, name in enumerate(names)}
    for domain, best in (('source', 0.98), ('target', last))
  }


def write_run(
  folder,
  *,
  names=NAMES,
  method='dann',
  last=0.8812,
  baseline=None,
  gap=0.6,
  rows=60,
  width=1.0,
  image_shape=(16, 16, 3),
  per_class=5,
  steps=1000,
  seed=0,
  told=None,
):
  """Writes the four files of a run; returns the folder."""
  rng = np.random.default_rng(seed)
  folder.mkdir(parents=True)
  config = {
    'method': method,
    'command': ['python', 'experiments/adversarial.py', f'--method={method}'],
    'flags': {'method': method, 'seed': 0, 'learning_rate': 0.01},
    'versions': {'jax': '0.10.1', 'python': '3.11.2'},
    'devices': ['cpu:0'],
    'git_revision': '0123abc',
    'protocol': 'transductive',
  }
  results = {
    'method': method,
    'dataset': 'synthetic',
    'source': 'art',
    'target': 'photo',
    'protocol': 'transductive',
    'seed': 0,
    'steps': steps,
    'seconds': 83.4,
    'target_accuracy': {'last': last, 'selected': 0.8751, 'oracle': 0.8901},
    'selected_by': 'infomax',
    'selected_step': steps * 4 // 5,
    'oracle_step': steps * 9 // 10,
    'source_accuracy': 0.9873,
    'scores': _scores(last),
    'class_names': list(names),
    'per_class': {},
    'baseline': baseline,
    'changes': told,
  }
  lines = [json.dumps(line) for line in _metrics(rng, steps, last)]
  arrays = _predictions(
    rng, len(names), rows, gap, width, image_shape, per_class
  )
  (folder / 'config.json').write_text(json.dumps(config))
  (folder / 'results.json').write_text(json.dumps(results))
  (folder / 'metrics.jsonl').write_text('\n'.join(lines) + '\n')
  np.savez(folder / 'predictions.npz', **arrays)
  return folder


def write_pair(root, *, last=0.8812, before=0.7, told=None, **options):
  """A run and the source-only run beside it; returns the run's folder.

  `told` is what the results say of the examples that changed.
  """
  write_run(root / 'source_only', method='source_only', last=before, **options)
  baseline = {
    'method': 'source_only',
    'run': '../source_only',
    'target_accuracy': {'last': before, 'selected': 0.69, 'oracle': 0.72},
  }
  options = {**options, 'gap': 0.1, 'seed': 1, 'told': told}
  run = write_run(root / 'dann', last=last, baseline=baseline, **options)
  _keep_changed(run, root / 'source_only' / 'predictions.npz')
  return run


def _keep_changed(run, before):
  with np.load(run / 'predictions.npz') as arrays:
    arrays = dict(arrays)
  rows = len(arrays['test_labels'])
  images = np.random.default_rng(2).integers(0, 256, (rows, 16, 16, 3))
  found = changes.compare(changes.read(before), arrays)
  arrays |= changes.pictures(found, images.astype(np.uint8))
  np.savez(run / 'predictions.npz', **arrays)


@pytest.fixture
def runs():
  """The two writers, for tests that choose what is in a folder."""

  class Runs:
    run = staticmethod(write_run)
    pair = staticmethod(write_pair)

  return Runs
