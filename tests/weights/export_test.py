"""A run leaves as files that say the same without it."""

import contextlib
import json

import jax
from jax import export as jax_export
import numpy as np
import pytest
from safetensors import numpy as safetensors
import scipy.special

from da_jax import (
  data,
  methods,
  models,
  optimizers,
  runs,
  schedules,
  train,
  weights,
)
from da_jax.data import normalisation
from da_jax.data.normalisation import Normalisation
from da_jax.errors import UserError
from da_jax.weights import export, reading, start, trained
from tests import scripts, toy

KIND = Normalisation((0.1, 0.2, 0.3), (0.5, 0.25, 1.0), bgr=True)
FLAGS = {
  'backbone': 'dtn',
  'bottleneck': 8,
  'bottleneck_norm': True,
  'bottleneck_dropout': 0.0,
  'dtype': 'float32',
  'seed': 0,
  'steps': 2,
}


def classifier(classes=10):
  return models.Classifier(models.Dtn(), classes, bottleneck=8)


def method(classes=10):
  optimizer = optimizers.sgd(schedules.constant(1e-3), weight_decay=0.0)
  return methods.source_only(classifier(classes), optimizer)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
  """Folder of a short run, its data and its outcome."""
  run = tmp_path_factory.mktemp('runs') / 'run'
  pair = data.load('digits', normalisation=KIND)
  small = {
    part: data.Examples(getattr(pair, part).x[:16], getattr(pair, part).y[:16])
    for part in ('source_train', 'source_val', 'target_train', 'target_test')
  }
  pair = pair._replace(**small)
  runs.claim(run, runs.describe('toy', FLAGS, pair, ''), overwrite=False)
  settings = dict(steps=2, batch_size=8, workdir=run, quiet=True)
  outcome = train.train(method(), pair, **settings)
  return run, pair, outcome


@pytest.fixture(scope='module')
def exported(finished, tmp_path_factory):
  path = tmp_path_factory.mktemp('exported') / 'out.safetensors'
  export.save(path, trained.read(finished[0]))
  return path


def assert_same(a, b):
  assert jax.tree.structure(a) == jax.tree.structure(b)
  for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True):
    np.testing.assert_array_equal(x, y)


def test_backbone_loads_back(finished, exported):
  selected = finished[2].selected
  expected = {
    'params': selected.params['model']['backbone'],
    'batch_stats': selected.variables['model']['batch_stats']['backbone'],
  }
  template = jax.eval_shape(lambda: expected)
  name = FLAGS['backbone']
  assert_same(weights.load_backbone(exported, template, name), expected)
  assert_same(weights.load_backbone(exported, template), expected)


def test_the_rest_is_under_plain_names(finished, exported):
  params = finished[2].selected.params['model']
  arrays = reading.read(exported)
  for name, array in {
    'head.weight': params['head']['kernel'].T,
    'head.bias': params['head']['bias'],
    'bottleneck.fc.weight': params['bottleneck']['fc']['kernel'].T,
    'bottleneck.bn.weight': params['bottleneck']['bn']['scale'],
  }.items():
    np.testing.assert_array_equal(arrays[name], array)
  assert 'bottleneck.bn.running_var' in arrays and 'conv1.weight' in arrays
  said = reading.metadata(exported)
  assert json.loads(said['class_names']) == list(finished[1].class_names)
  assert said['backbone'] == FLAGS['backbone']


def test_files_and_runs_say_what_pixels_they_expect(finished, exported):
  name = FLAGS['backbone']
  assert weights.input_of(exported, name) == KIND
  assert start.input_of(exported, name) == KIND
  assert start.input_of(finished[0], name) == KIND


def test_a_run_starts_from_the_file(finished, exported):
  _, pair, outcome = finished
  names = ('a', 'b', 'c')
  begin = start.start_from(exported, names, FLAGS['backbone'])
  batch = {'source': {'x': KIND(pair.source_train.x[:8])}}
  batch['source']['y'] = pair.source_train.y[:8]
  state = jax.eval_shape(method(3).init, jax.random.key(0), batch)
  state = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), state)
  state = begin(state)
  selected = outcome.selected.params['model']['backbone']
  assert_same(state.params['model']['backbone'], selected)
  assert not state.params['model']['head']['kernel'].any()


@pytest.mark.slow
def test_scripts_feed_the_weights_what_they_expect(exported, tmp_path):
  process = scripts.run(
    'source_only',
    '--backbone=dtn',
    f'--weights={exported}',
    '--steps=1',
    '--batch_size=8',
    '--baseline=none',
    '--noreport',
    f'--workdir={tmp_path}/run',
  )
  assert process.returncode == 0, process.stderr
  record = json.loads((tmp_path / 'run' / 'config.json').read_text())['images']
  assert record['shape'] == [28, 28, 3]
  assert normalisation.from_record(record) == KIND


def test_stablehlo_gives_the_same_probabilities(finished):
  run, pair, outcome = finished
  program = jax_export.deserialize(export.serialised(trained.read(run)))
  for count in (1, 5):
    x = pair.target_test.x[:count]
    logits = outcome.predict(outcome.selected, x).logits
    expected = scipy.special.softmax(logits, axis=1)
    actual = jax.jit(program.call)(x)
    np.testing.assert_allclose(actual, expected, atol=1e-5)
  assert program.platforms == export.PLATFORMS


def test_another_model_is_refused(finished):
  read = trained.read(finished[0])
  flags = {**read.config['flags'], 'bottleneck': 9}
  other = read._replace(config={**read.config, 'flags': flags})
  with pytest.raises(
    UserError, match=r'bottleneck/bn/mean \(9,\) \(there \(8,\)\)'
  ):
    export.serialised(other)


@contextlib.contextmanager
def command(**flags):
  """The command's flags, as if they were parsed."""
  if not export.FLAGS.is_parsed():
    export.FLAGS.mark_as_parsed()
  before = {name: export.FLAGS[name].value for name in flags}
  export.FLAGS.stablehlo = flags['stablehlo']
  yield
  export.FLAGS.stablehlo = before['stablehlo']


def test_command_writes_both_files(finished, tmp_path, capsys):
  out = tmp_path / 'w.safetensors'
  with command(stablehlo=True):
    export.main([str(finished[0]), str(out)])
  written = capsys.readouterr().out.split()
  assert written == [str(out), str(out.with_suffix('.stablehlo'))]
  assert sorted(path.name for path in tmp_path.iterdir()) == [
    'w.safetensors',
    'w.stablehlo',
  ]


@pytest.mark.parametrize(
  'run,out,message',
  [
    ('run', 'w.npz', r'w\.npz must be the name of a \.safetensors file'),
    ('nothing', 'w.safetensors', r'nothing is not the folder of a run'),
    ('run', '', r'name the folder of a run and OUT'),
    ('run', 'no/w.safetensors', r'no/w\.safetensors cannot be written'),
  ],
)
def test_wrong_use(finished, tmp_path, run, out, message):
  with command(stablehlo=False), pytest.raises(UserError, match=message):
    words = [str(finished[0].parent / run), str(tmp_path / out)]
    export.main(words if out else words[:1])
  assert not list(tmp_path.iterdir())


def test_stablehlo_is_for_images(finished, tmp_path):
  read = trained.read(finished[0])
  rows = read._replace(config={**read.config, 'images': None})
  with pytest.raises(UserError, match='--stablehlo is for images'):
    export.serialised(rows)
  export.save(tmp_path / 'w.safetensors', rows)
  assert 'images' not in safetensors.load_file(tmp_path / 'w.safetensors')
  assert 'images' not in reading.metadata(tmp_path / 'w.safetensors')


def test_rows_export_without_a_backbone_of_published_names(tmp_path):
  config = {'flags': {'backbone': 'mlp'}, 'class_names': ['a'], 'images': None}
  model = toy.classifier()
  variables = model.init(jax.random.key(0), np.zeros((2, toy.WIDTH)), False)
  path = tmp_path / 'w.safetensors'
  export.save(path, trained.Trained(config, variables))
  backbone = {'params': variables['params']['backbone']}
  loaded = weights.load_backbone(path, backbone, 'mlp')
  assert_same(loaded, backbone)
