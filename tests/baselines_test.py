"""Which runs may be compared, and what is said of them."""

import json

import numpy as np
import pytest

from da_jax import baselines, metrics, runs
from da_jax.errors import UserError
from experiments.shared_flags import SHARED

FLAGS = {
  'dataset': 'digits',
  'source': 'plain',
  'target': 'photo',
  'seed': 0,
  'steps': 9,
  'select': 'snd',
  'protocol': None,
  'target_classes': None,
  'backbone': 'lenet',
  'bottleneck': 256,
  'weights': None,
  'batch_size': 8,
  'accumulate': 1,
  'image_size': 32,
  'eval_every': 3,
  'cache_features': False,
  'learning_rate': 0.01,
  'milestones': [0.6],
  'ema': None,
  'baseline': 'none',
  'workdir': 'there',
  'workers': 0,
}
CONFIG = {'flags': FLAGS, 'data': '1f', 'protocol': 'transductive'}


def _changed(**flags):
  return CONFIG | {'flags': FLAGS | flags}


@pytest.fixture
def compared(tmp_path):
  """The baseline as `CONFIG` says, seen from a run of another."""
  other = tmp_path / 'other'
  other.mkdir()
  accuracy = {'last': 0.5, 'selected': 0.4, 'oracle': 0.6}
  results = {'method': 'source_only', 'target_accuracy': accuracy}
  (other / runs.RESULTS).write_text(json.dumps(results))

  def compare(config, there=CONFIG):
    (other / runs.CONFIG).write_text(json.dumps(there))
    return baselines.baseline_of(tmp_path / 'run', other, config, SHARED)

  return compare


@pytest.mark.parametrize(
  ('name', 'value'),
  [
    ('dataset', 'office31'),
    ('seed', 1),
    ('steps', 10),
    ('select', 'dev'),
    ('protocol', 'split'),
    ('target_classes', ['1', '2']),
    ('backbone', 'dtn'),
    ('bottleneck', 64),
    ('weights', 'x.npz'),
    ('batch_size', 16),
    ('accumulate', 2),
    ('image_size', 64),
    ('eval_every', 1),
    ('cache_features', True),
  ],
)
def test_other_data_model_or_budget_is_refused(compared, name, value):
  said = rf'--{name}={FLAGS[name]}, this run has .*: the two cannot be compared'
  with pytest.raises(UserError, match=said):
    compared(_changed(**{name: value}))


@pytest.mark.parametrize('name', ['data', 'protocol'])
def test_the_same_flags_may_mean_other_examples(compared, name):
  with pytest.raises(UserError, match='on other examples'):
    compared(CONFIG | {name: 'other'})


def test_what_may_be_tuned_is_recorded(compared):
  free = {'baseline': 'other', 'workdir': 'here', 'workers': 4}
  found = compared(_changed(**free, grl_strength=0.1))
  assert found['tuned'] == [] and found['run'] == '../other'
  own = _changed(grl_strength=1.0, penalty=2.0)
  tuned = _changed(learning_rate=0.1, milestones=[0.5], grl_strength=0.1)
  assert compared(tuned, own)['tuned'] == ['learning_rate', 'milestones']


def test_a_flag_that_one_does_not_know_is_no_difference(compared):
  flags = {n: value for n, value in FLAGS.items() if n != 'cache_features'}
  assert compared(CONFIG, CONFIG | {'flags': flags})['method'] == 'source_only'


def test_all_flags_that_decide_must_be_the_same():
  same = set(baselines.same(SHARED))
  assert same | {*runs.FREE, *baselines.TUNED, 'baseline'} == set(SHARED)
  assert not same & {*runs.FREE, *baselines.TUNED, 'baseline'}


WANTED = CONFIG | {'method': 'source_only', 'command': 'mmd', 'devices': ['x']}
EARLIER = WANTED | {
  'command': 'dann',
  'flags': FLAGS | {'workdir': 'here', 'label_smoothing': 0.0, 'adain': None},
}


def _write(folder, config, accuracy=0.5):
  folder.mkdir(parents=True)
  accuracy = dict.fromkeys(('last', 'selected', 'oracle'), accuracy)
  results = {'method': 'source_only', 'target_accuracy': accuracy}
  (folder / runs.RESULTS).write_text(json.dumps(results))
  (folder / runs.CONFIG).write_text(json.dumps(config))
  (folder / metrics.FILE).touch()
  np.savez(folder / runs.PREDICTIONS, confusion=np.eye(2))


def test_an_equal_run_beside_is_found_in_order(tmp_path):
  run = tmp_path / 'mmd-seed0'
  find = lambda: (baselines.found_beside(run, WANTED) or {'run': None})['run']
  assert find() is None
  _write(tmp_path / 'z' / 'source_only', EARLIER)
  assert find() == '../z/source_only'
  _write(tmp_path / 'd' / 'source_only', EARLIER)
  assert find() == '../d/source_only'
  _write(tmp_path / 'source_only-seed0', EARLIER, accuracy=0.25)
  assert find() == '../source_only-seed0'
  found = baselines.found_beside(run, WANTED)
  assert found['target_accuracy']['last'] == 0.25 and found['tuned'] == []
  (run / 'source_only').mkdir(parents=True)  # its own goes on
  assert find() is None


@pytest.mark.parametrize(
  'change',
  [
    {'method': 'dann'},
    {'data': 'other'},
    {'protocol': 'other'},
    {'devices': ['y']},
    *(
      {'flags': EARLIER['flags'] | {name: value}}
      for name, value in (
        ('seed', 1),
        ('steps', 10),
        ('learning_rate', 0.1),
        ('ema', 0.9),
        ('parallel', 'pmap'),
        ('label_smoothing', 0.1),
        ('adain', 0.5),
      )
    ),
    {'flags': {n: v for n, v in EARLIER['flags'].items() if n != 'ema'}},
  ],
)
def test_other_runs_beside_are_no_baseline(tmp_path, change):
  _write(tmp_path / 'source_only-seed0', EARLIER | change)
  assert baselines.found_beside(tmp_path / 'run', WANTED) is None


@pytest.mark.parametrize(
  'name', [runs.CONFIG, runs.RESULTS, runs.PREDICTIONS, metrics.FILE]
)
def test_damaged_runs_beside_are_passed_over(tmp_path, name):
  run, other = tmp_path / 'run', tmp_path / 'a' / 'source_only'
  _write(other, EARLIER)
  assert baselines.found_beside(run, WANTED)
  for content in (b'', b'[]', b'{}', b'\xff', None):
    (other / name).unlink(missing_ok=True)
    if content is not None:
      (other / name).write_bytes(content)
    # Half a line of metrics is what a killed run leaves.
    is_whole = name == metrics.FILE and content not in (b'\xff', None)
    assert bool(baselines.found_beside(run, WANTED)) == is_whole
