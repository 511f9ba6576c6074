"""What a trained run says of new files and rows."""

import json

import numpy as np
from PIL import Image
import pytest
from scipy import special

import da_jax
from da_jax import data, predictions
from da_jax.data.published import digits_five
from da_jax.errors import UserError
from da_jax.predictor import Classified
from tests import scripts


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  """A finished run on the embedded digits."""
  return scripts.train(tmp_path_factory.mktemp('runs') / 'digits')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
  """The target's first test images as files, with what is not one of them."""
  root = tmp_path_factory.mktemp('images')
  (root / 'deep' / 'deeper').mkdir(parents=True)
  (root / '.hidden').mkdir()
  for number, image in enumerate(data.load('digits').target_test.x[:150]):
    place = root / 'deep' / 'deeper' if number >= 140 else root
    Image.fromarray(image).save(place / f'z{number:03}.png')
  Image.new('RGB', (28, 28)).save(root / '.hidden' / 'z.png')
  (root / 'aaa.png').write_bytes(b'no image')
  (root / 'notes.txt').write_text('not an image')
  return root


@pytest.fixture(scope='module')
def predicted(run, folder, tmp_path_factory):
  out = tmp_path_factory.mktemp('out') / 'p.csv'
  process = scripts.run(
    'predict', f'--run={run}', f'--images={folder}', f'--out={out}'
  )
  assert process.returncode == 0, process.stderr
  return process, out


def test_files_get_what_the_run_says_of_their_pixels(run, predicted):
  pair = data.load('digits')
  model = da_jax.load(run)
  expected = model(pair.target_test.x[:150])
  lines = scripts.lines(predicted[1])
  assert [line['error'] for line in lines] == [
    'no known image format',
    *[''] * 150,
  ]
  # Deeper folders sort before the files beside them.
  lines = [line for line in lines if not line['error']]
  lines.sort(key=lambda line: line['file'].rsplit('/', 1)[1])
  found = scripts.probabilities(lines, pair.class_names)
  np.testing.assert_allclose(found, expected.probabilities, rtol=2e-5)
  best = expected.probabilities.argmax(1)
  assert [line['class'] for line in lines] == [str(b) for b in best]
  np.testing.assert_allclose(
    [float(line['probability']) for line in lines],
    expected.probabilities.max(1),
    rtol=2e-5,
  )


def test_last_state_has_the_logits_that_the_run_wrote_down(run):
  test = data.load('digits').target_test
  order = np.random.default_rng(0).permutation(len(test.y))[:500]
  kept = np.load(run / 'predictions.npz')
  output = da_jax.load(run, 'last')(test.x[order])
  logits = kept['target_logits'].astype(np.float64)
  np.testing.assert_allclose(
    output.probabilities, special.softmax(logits, axis=1), rtol=2e-5
  )
  np.testing.assert_allclose(
    output.features, kept['target_features'], rtol=2e-4, atol=1e-5
  )


@pytest.mark.slow
def test_selected_state_has_the_accuracy_of_its_step(tmp_path):
  flags = ('--learning_rate=0.5', '--steps=6', '--keep_best')
  run = scripts.train(tmp_path / 'run', *flags)
  results = json.loads((run / 'results.json').read_text())
  test = data.load('digits').target_test
  steps = {}
  for which in ('selected', 'last'):
    model = da_jax.load(run, which)
    steps[which] = int(model.state.step)
    accuracy = np.mean(model(test.x).probabilities.argmax(1) == test.y)
    assert accuracy == pytest.approx(results['target_accuracy'][which])
  assert steps == {'selected': results['selected_step'], 'last': 6}
  # Where all is predicted as one class, entropy and snd cannot tell.
  told = results['validators'].items()
  choices = {name: choice for name, choice in told if choice['step']}
  assert len({choice['step'] for choice in choices.values()}) > 1
  for validator, choice in choices.items():
    model = da_jax.load(run, validator)
    assert int(model.state.step) == choice['step']
    accuracy = np.mean(model(test.x).probabilities.argmax(1) == test.y)
    assert accuracy == pytest.approx(choice['target_accuracy'])
  files = {int(path.stem) for path in (run / 'best').iterdir()}
  assert files == {choice['step'] for choice in choices.values()}


def test_broken_file_has_a_line_and_is_listed(predicted):
  process, out = predicted
  line = scripts.lines(out)[0]
  assert line['file'].endswith('aaa.png') and line['class'] == ''
  assert line['probability'] == line['p(0)'] == ''
  assert 'aaa.png (no known image format)' in process.stderr
  assert '151 files' in process.stdout


def test_sheet_shows_images_and_what_is_broken(predicted):
  page = predicted[1].with_suffix('.html').read_text()
  assert page.count('<img src="data:image/png') == 150
  assert 'aaa.png' in page and 'no known image format' in page
  assert 'http' not in page


def test_single_files_of_any_mode(run, tmp_path):
  image = data.load('digits', source='plain').source_val.x[0]
  Image.fromarray(image[..., 0]).save(tmp_path / 'grey.png')
  Image.fromarray(image).save(tmp_path / 'colour.png')
  model = da_jax.load(run)
  paths = predictions.image_paths(
    [tmp_path / 'grey.png', tmp_path / 'colour.png', tmp_path]
  )
  assert [path.name for path in paths] == ['grey.png', 'colour.png']
  found = predictions.of_images(model, paths)
  np.testing.assert_allclose(*found.probabilities, rtol=1e-6)
  expected = model(image[None]).probabilities[0]
  np.testing.assert_allclose(found.probabilities[0], expected, rtol=1e-5)


def test_nothing_readable_exits_with_2_and_writes_nothing(run, tmp_path):
  (tmp_path / 'a.png').write_bytes(b'')
  out = tmp_path / 'p.csv'
  process = scripts.run(
    'predict', f'--run={run}', f'--images={tmp_path}', f'--out={out}'
  )
  assert process.returncode == 2 and 'a.png' in process.stderr
  assert sorted(p.name for p in tmp_path.iterdir()) == ['a.png']


def test_grey_runs_take_colour_files(tmp_path, monkeypatch):
  rng = np.random.default_rng(0)
  grey = rng.integers(256, size=(16, 16)).astype(np.uint8)
  Image.fromarray(grey).convert('RGB').save(tmp_path / 'a.png')
  taken = _digits_five_inputs(monkeypatch)
  model = _Stub(taken)
  predictions.of_images(model, [tmp_path / 'a.png'])
  # As `digits_five` resizes what is trained on.
  expected = digits_five._resize(grey[None, ..., None], 28)
  np.testing.assert_array_equal(model.seen, expected)


class _Stub:
  class_names = ('a', 'b')
  run = 'stub'

  def __init__(self, inputs):
    self.inputs = inputs

  def __call__(self, x):
    self.seen = x
    return Classified(np.full((len(x), 2), 0.5), np.zeros((len(x), 1)))


def _digits_five_inputs(monkeypatch):
  examples = data.Examples(np.zeros((4, 28, 28, 1), np.uint8), np.arange(4))
  splits = {'train': examples, 'test': examples}
  monkeypatch.setattr(digits_five, '_read', lambda *_: splits)
  task = data.load_task('digits_five', source='mnist', target='usps')
  return task.inputs


def _unfinished(run, folder):
  (folder / 'config.json').write_text((run / 'config.json').read_text())
  (folder / 'checkpoints').symlink_to(run / 'checkpoints')
  return folder


def test_unfinished_run_is_refused_unless_its_last_state_is_asked_for(
  run, tmp_path
):
  unfinished = _unfinished(run, tmp_path)
  with pytest.raises(UserError, match='is not finished'):
    da_jax.load(unfinished)
  x = data.load('digits').target_test.x[:3]
  np.testing.assert_array_equal(
    da_jax.load(unfinished, 'last')(x).probabilities,
    da_jax.load(run, 'last')(x).probabilities,
  )


@pytest.mark.parametrize(
  ('change', 'culprit'),
  [
    ({'flags': {'backbone': 'wide'}}, "no backbone 'wide'"),
    ({'flags': {'bottleneck': 7}}, 'does not fit this model'),
    ({'inputs': {}}, 'does not say what the model takes'),
  ],
)
def test_runs_of_other_versions_are_named(run, tmp_path, change, culprit):
  folder = _unfinished(run, tmp_path)
  config = json.loads((folder / 'config.json').read_text())
  for name, value in change.items():
    config[name] = {**config[name], **value} if value else value
  (folder / 'config.json').write_text(json.dumps(config))
  with pytest.raises(UserError, match=culprit):
    da_jax.load(folder, 'last')


def test_what_is_wrong_is_named(run, tmp_path):
  model = da_jax.load(run)
  with pytest.raises(UserError, match='has no image file'):
    predictions.image_paths([tmp_path])
  with pytest.raises(UserError, match=r'no file or folder .*nowhere'):
    predictions.image_paths([tmp_path / 'nowhere'])
  with pytest.raises(UserError, match='trained on images: name some by --im'):
    predictions.of_table(model, tmp_path / 'b.csv')
  with pytest.raises(UserError, match=r"\['n', 28, 28, 3\], not \[28, 28, 3"):
    model(np.zeros((28, 28, 3), np.uint8))
  with pytest.raises(UserError, match='not the folder of a run'):
    da_jax.load(tmp_path)
  with pytest.raises(UserError, match='--which=best'):
    da_jax.load(run, 'best')
  with pytest.raises(UserError, match='snd chose: train with --keep_best'):
    da_jax.load(run, 'snd')


@pytest.mark.parametrize(
  ('flags', 'culprit'),
  [
    (('--images=x',), 'give --run'),
    (('--run=x', '--table=x', '--sheet=s.html'), '--sheet shows images'),
    (('--run=x', '--images=x', '--sheet=no/s.html'), '--sheet=no/s.html'),
  ],
)
def test_flags_that_do_not_fit_are_named(flags, culprit):
  process = scripts.run('predict', *flags)
  assert process.returncode == 2 and culprit in process.stderr
  assert process.stderr.count('\n') == 1
