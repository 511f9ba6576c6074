import json

import jax
import numpy as np
import pytest

from da_jax import runs, train
from da_jax.errors import UserError
from da_jax.methods import finetuning
from da_jax.methods.start import SOURCE_HEAD, Trained
from da_jax.weights import start
from tests import toy

FILE = Trained(('backbone',))
DEPTHS = toy.classifier().backbone.depths


@pytest.mark.parametrize(
  ('name', 'trained', 'penalty', 'named'),
  [
    ('l2_sp', None, None, '--method=l2_sp .*--weights'),
    ('lwf', FILE, None, "--method=lwf .*head.* run's folder"),
    ('co_tuning', FILE, None, '--method=co_tuning .*head'),
    ('full', FILE, 0.1, '--method=full .*--penalty'),
  ],
)
def test_what_a_way_lacks_is_named(name, trained, penalty, named):
  with pytest.raises(UserError, match=named):
    finetuning.check(name, DEPTHS, trained, penalty)


def test_ways_that_need_nothing_pass():
  for name in ('full', 'bss', 'stochnorm', 'bi_tuning'):
    finetuning.check(name, (), None, None)
  finetuning.check('ewc', DEPTHS, Trained(('backbone',), 10), 2.0)


@pytest.mark.parametrize('name', ['gradual', 'discriminative', 'delta'])
def test_ways_about_depths_want_some(name):
  finetuning.check(name, DEPTHS, FILE, None)
  with pytest.raises(UserError, match=f'--method={name} .*--cache_features'):
    finetuning.check(name, (), FILE, None)


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  """A run of the toy with moving average."""
  folder = tmp_path_factory.mktemp('run')
  outcome = train.train(
    toy.all_methods()['ema'],
    toy.pair(),
    steps=8,
    batch_size=16,
    workdir=folder,
    quiet=True,
  )
  config = {'class_names': list(toy.pair().class_names)}
  (folder / runs.CONFIG).write_text(json.dumps(config))
  return folder, outcome


def _started(run, class_names):
  method = finetuning.build(
    'lwf',
    toy.classifier(),
    toy.optimizer(),
    steps=1,
    trained=start.parts_of(run, class_names),
  )
  x = toy.pair().target_train.x[:4]
  state = method.init(jax.random.key(5), {'target': {'x': x}})
  return state, start.start_from(run, class_names)(state)


def test_a_run_brings_its_average_and_its_head(run):
  folder, outcome = run
  average = outcome.selected.variables['ema']['params']['model']
  state, started = _started(folder, ('x', 'y', 'z'))
  for name in ('backbone', 'bottleneck'):
    jax.tree.map(
      np.testing.assert_array_equal,
      started.params['model'][name],
      average[name],
    )
  jax.tree.map(
    np.testing.assert_array_equal,
    started.params[SOURCE_HEAD]['fc'],
    average['head'],
  )
  jax.tree.map(
    np.testing.assert_array_equal,
    started.params['model']['head'],
    state.params['model']['head'],
  )
  assert start.parts_of(folder, ('x', 'y', 'z')) == (
    ('backbone', 'bottleneck'),
    3,
  )


def test_the_same_classes_keep_the_head_as_well(run):
  folder, _ = run
  names = toy.pair().class_names
  _, started = _started(folder, names)
  jax.tree.map(
    np.testing.assert_array_equal,
    started.params['model']['head'],
    started.params[SOURCE_HEAD]['fc'],
  )
  assert 'head' in start.parts_of(folder, names).parts


def test_a_file_brings_the_backbone_and_nothing_is_named(tmp_path):
  (tmp_path / 'w.npz').write_bytes(b'')
  assert start.parts_of(tmp_path / 'w.npz', ('a',)) == FILE
  with pytest.raises(UserError, match='gone does not exist'):
    start.parts_of(tmp_path / 'gone', ('a',))
  with pytest.raises(UserError, match='not the folder of a run'):
    start.parts_of(tmp_path, ('a',))
