"""The page says what the run's files say, and needs no other file."""

from html.parser import HTMLParser
import json
import re

import numpy as np
import pytest

from da_jax import distances, errors, report
from da_jax.report import changes, folder

_VOID = {'meta', 'img', 'br', 'link', 'hr', 'input'}
_ADDRESSES = ('src', 'href', 'srcset', 'data', 'action')


class _Reader(HTMLParser):
  """Collects text and addresses; fails on tags that do not match."""

  def __init__(self):
    super().__init__(convert_charrefs=True)
    self.open, self.text, self.addresses, self.images = [], [], [], []

  def handle_starttag(self, tag, attrs):
    if tag not in _VOID:
      self.open.append(tag)
    if tag == 'img':
      self.images.append(dict(attrs))
    self.addresses += [value for name, value in attrs if name in _ADDRESSES]

  def handle_endtag(self, tag):
    assert self.open.pop() == tag

  def handle_data(self, data):
    if self.open[-1:] != ['style']:
      self.text.append(data)


def _read(path):
  """Parses a page and checks what holds for every page."""
  assert path.stat().st_size < 3e6
  html = path.read_text(encoding='utf-8')
  reader = _Reader()
  reader.feed(html)
  assert not reader.open
  assert all(re.match('data:|#', address) for address in reader.addresses)
  bare = re.sub('data:[^"]*', '', html)
  assert 'http' not in bare and 'url(' not in bare and '<script' not in bare
  assert all(image['alt'] for image in reader.images)
  reader.text = ' '.join(' '.join(reader.text).split())
  return reader


def test_says_the_result_and_the_gain(tmp_path, runs):
  run_dir = runs.pair(tmp_path)
  path = report.write(run_dir)
  page = _read(path)
  assert path == run_dir / 'report.html'
  assert (
    'DANN reaches 88.1 % on photo (last step); source-only under the same '
    'budget 70.0 %: +18.1 points.' in page.text
  )
  for part in ('87.5 %', '89.0 %', '69.0 %', '72.0 %', '+18.5', '98.7 %'):
    assert part in page.text
  assert 'uses target labels: never for comparison' in page.text
  assert 'NEGATIVE' not in page.text
  assert 'python experiments/adversarial.py --method=dann' in page.text
  assert '0123abc' in page.text
  # Nothing unfinished stays behind.
  names = {p.name for p in run_dir.iterdir()}
  assert names - {'report.html'} == {
    'config.json',
    'results.json',
    'metrics.jsonl',
    'predictions.npz',
  }


def test_shows_before_and_after(tmp_path, runs):
  page = _read(report.write(runs.pair(tmp_path)))
  alts = ' '.join(image['alt'] for image in page.images)
  for title in ('before (source-only)', 'after (DANN)'):
    for place in ('', 'held-out art, '):
      assert f'Confusion matrix of 4 classes, {place}{title}' in alts
    assert f't-SNE of the features, {title}' in alts
    assert re.search(
      rf'PCA, \d+ % of the variance of the features, {re.escape(title)}', alts
    )
  assert 'What changed for single examples' in page.text
  for name in ('critic accuracy', 'adaptation loss', 'strength'):
    assert f'{name} from' in alts
  assert 'target accuracy from' in alts


def test_all_scores_before_and_after(tmp_path, runs):
  page = _read(report.write(runs.pair(tmp_path, last=0.8812, before=0.7)))
  for line in (
    'accuracy 98.0 % 70.0 % 88.1 %',
    'F1, macro 97.6 % 69.6 % 87.7 %',
    'recall, weighted 97.4 % 69.4 % 87.5 %',
    'calibration error (ECE) 97.2 % 69.2 % 87.3 %',
  ):
    assert line in page.text


def test_a_distance_before_and_after(tmp_path, runs):
  run = runs.pair(tmp_path)
  assert 'A-distance' not in _read(report.write(run)).text
  results = json.loads((run / 'results.json').read_text())
  chosen = {'step': 1, 'target_accuracy': 0.5, 'regret': 0.1}
  chosen |= {'rank_correlation': None, 'last_score': -0.25}
  results['validators'] = {'a_distance': chosen}
  (run / 'results.json').write_text(json.dumps(results))
  text = _read(report.write(run)).text
  assert 'Proxy A-distance at the last step: 0.25 (0:' in text
  results['baseline']['last_scores'] = {'a_distance': -1.5}
  (run / 'results.json').write_text(json.dumps(results))
  text = _read(report.write(run)).text
  assert 'last step, source-only → DANN: 1.50 → 0.25 (0:' in text


def test_distances_of_layers_where_they_were_measured(tmp_path, runs):
  run = runs.pair(tmp_path)
  assert 'by layer' not in _read(report.write(run)).text
  layer = distances.Layer('stage<1>', 64, 1.25, -0.00001, 0.5)
  distances.write(run, [layer, layer._replace(name='features', mmd=np.nan)])
  text = _read(report.write(run)).text
  assert 'stage<1> 64 1.2500 0.0000 0.5000 features 64 1.2500 – 0.5000' in text
  distances.write(tmp_path / 'source_only', [layer._replace(a_distance=2.0)])
  text = _read(report.write(run)).text
  assert 'stage<1> 64 2.0000 → 1.2500 0.0000 → 0.0000' in text
  assert 'features 64 1.2500 –' in text


def test_counts_examples_that_changed(tmp_path, runs):
  run = runs.pair(tmp_path, width=3.0, gap=3.0)
  right = []
  for path in (tmp_path / 'source_only', run):
    with np.load(path / 'predictions.npz') as arrays:
      guesses = arrays['target_logits'].argmax(-1)
      right.append(guesses == arrays['target_labels'])
  before, after = right
  shown = changes.shown(folder.read(run))
  assert shown.repaired == (after & ~before).sum() > 1
  assert shown.broken == (before & ~after).sum()
  assert shown.both_right == (before & after).sum()
  assert shown.both_wrong == (~before & ~after).sum()
  for change in shown.most_improved:
    assert change.before != change.true == change.after
  for change in shown.most_hurt:
    assert change.before == change.true != change.after
  gains = [c.chance_after - c.chance_before for c in shown.most_improved]
  assert len(gains) == min(shown.repaired, 12)
  assert gains == sorted(gains, reverse=True)


@pytest.mark.parametrize(
  ('verdict', 'word', 'style'),
  [
    ('negative transfer', 'NEGATIVE TRANSFER', 'warning'),
    ('no evidence', 'No evidence', 'verdict'),
  ],
)
def test_says_whether_adaptation_hurts(tmp_path, runs, verdict, word, style):
  told = {'repaired': 30, 'broken': 75, 'both_right': 9, 'both_wrong': 0}
  told |= {'mcnemar_p': 0.0123, 'verdict': verdict}
  path = report.write(runs.pair(tmp_path, last=0.655, told=told))
  page = _read(path)
  assert '−4.5 points' in page.text
  assert f'{word} on these examples, compared with source-only' in page.text
  assert '30 repaired, 75 broken (McNemar p = 0.012)' in page.text
  assert f'<p class="{style}" role="note">\n{word} on' in path.read_text()


def test_without_baseline_shows_after_only(tmp_path, runs):
  page = _read(report.write(runs.run(tmp_path / 'run')))
  assert 'DANN reaches 88.1 % on photo (last step).' in page.text
  assert 'no source-only run under the same budget' in page.text
  assert 'before' not in page.text
  assert len([i for i in page.images if 't-SNE' in i['alt']]) == 2


def test_baseline_folder_may_be_gone(tmp_path, runs):
  run_dir = runs.pair(tmp_path)
  for path in (tmp_path / 'source_only').iterdir():
    path.unlink()
  page = _read(report.write(run_dir))
  assert '+18.1 points' in page.text
  assert not any('before' in image['alt'] for image in page.images)


def test_older_runs_have_no_matrix_of_the_source(tmp_path, runs):
  run_dir = runs.run(tmp_path / 'run')
  with np.load(run_dir / 'predictions.npz') as arrays:
    arrays = dict(arrays)
  arrays.pop('source_confusion')
  np.savez(run_dir / 'predictions.npz', **arrays)
  page = _read(report.write(run_dir))
  alts = [image['alt'] for image in page.images]
  (matrix,) = [alt for alt in alts if 'Confusion' in alt]
  assert 'Held-out art' not in page.text and 'held-out' not in matrix


def test_escapes_names(tmp_path, runs):
  path = report.write(runs.run(tmp_path / 'run'))
  assert '<&>' not in path.read_text(encoding='utf-8')
  assert '<&> "quoted"' in _read(path).text


def test_many_classes_of_a_feature_table(tmp_path, runs):
  names = [f'class {i}' for i in range(31)]
  options = {'names': names, 'image_shape': None, 'rows': 124, 'width': 3.0}
  page = _read(report.write(runs.pair(tmp_path, **options)))
  assert 'Target images' not in page.text
  assert '2 target test examples' not in page.text
  assert '620 target test examples, 31 classes' in page.text
  assert 'The 10 classes with most target points' in page.text
  assert all(name in page.text for name in names)


def test_grey_images_and_wrong_ones(tmp_path, runs):
  options = {'image_shape': (28, 28, 1), 'gap': 3.0, 'width': 3.0}
  run_dir = runs.run(tmp_path / 'run', **options)
  page = _read(report.write(run_dir))
  assert 'single examples' not in page.text  # nothing to compare with
  with np.load(run_dir / 'predictions.npz') as arrays:
    labels, logits = arrays['target_labels'], arrays['target_logits']
  wrong = int((labels != logits.argmax(-1))[:32].sum())
  assert 0 < wrong < 32
  assert page.text.count('✗') == wrong + 1  # one in the explanation
  assert len([i for i in page.images if 'target image' in i['alt']]) == 32


def test_the_command_is_one_for_a_shell(tmp_path, runs):
  run_dir = runs.run(tmp_path / 'run')
  config = json.loads((run_dir / 'config.json').read_text())
  config['command'] = '-m experiments.dann --seed=0'
  (run_dir / 'config.json').write_text(json.dumps(config))
  page = _read(report.write(run_dir))
  assert 'python -m experiments.dann --seed=0' in page.text


def test_same_folder_gives_same_numbers(tmp_path, runs):
  run_dir = runs.run(tmp_path / 'run')
  first = _read(report.write(run_dir))
  second = _read(report.write(run_dir))
  assert first.text == second.text
  assert [i['alt'] for i in first.images] == [i['alt'] for i in second.images]


def test_diverged_run_still_has_a_page(tmp_path, runs):
  run_dir = runs.run(tmp_path / 'run', last=float('nan'))
  with np.load(run_dir / 'predictions.npz') as arrays:
    arrays = dict(arrays)
  arrays['target_features'][:] = np.nan
  np.savez(run_dir / 'predictions.npz', **arrays)
  with (run_dir / 'metrics.jsonl').open('a') as file:
    file.write(json.dumps({'step': 1050, 'loss': float('nan')}) + '\n')
    file.write('{"step": 1100, "lo')
  page = _read(report.write(run_dir))
  assert 'DANN reaches – on photo' in page.text
  alts = ' '.join(image['alt'] for image in page.images)
  assert 'not finite from step 1050' in alts
  assert 't-SNE' not in alts


@pytest.mark.parametrize(
  'name', ['config.json', 'results.json', 'metrics.jsonl', 'predictions.npz']
)
def test_names_what_is_missing(tmp_path, runs, name):
  run_dir = runs.run(tmp_path / 'run')
  (run_dir / name).unlink()
  with pytest.raises(errors.UserError, match=re.escape(name)):
    report.write(run_dir)


@pytest.mark.parametrize('name', ['config.json', 'predictions.npz'])
def test_names_what_cannot_be_read(tmp_path, runs, name):
  run_dir = runs.run(tmp_path / 'run')
  (run_dir / name).write_text('{"half":')
  with pytest.raises(errors.UserError, match=re.escape(name)):
    report.write(run_dir)
