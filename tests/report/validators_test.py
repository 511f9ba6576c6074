"""The table of choices and the verdict, apart from the headline."""

import json

import pytest

from da_jax import report
from da_jax.report import folder, validators

CHOICES = {
  'infomax': {
    'step': 800,
    'score': 1.5,
    'target_accuracy': 0.8751,
    'regret': 0.015,
    'rank_correlation': -0.25,
    'last_score': 1.25,
  },
  'snd': dict.fromkeys(
    (
      'step',
      'score',
      'target_accuracy',
      'regret',
      'rank_correlation',
      'last_score',
    )
  ),
}


@pytest.fixture
def run(tmp_path, runs):
  """A run with scores of two validators, one of which never told."""
  return _with_scores(runs.pair(tmp_path), last_scores={'infomax': 1.5})


def _with_scores(run, last_scores):
  path = run / 'results.json'
  results = json.loads(path.read_text())
  results['validators'] = CHOICES
  if results['baseline']:
    results['baseline']['last_scores'] = last_scores
  path.write_text(json.dumps(results))
  with (run / 'metrics.jsonl').open('a') as file:
    for step in (400, 800, 1000):
      line = {'step': step, 'validators/infomax': 1.5 - abs(step - 800) / 800}
      file.write(json.dumps(line) + '\n')
  return run


def _results(run):
  return json.loads((run / 'results.json').read_text())


def test_choices_are_words_and_dashes(run):
  assert validators.choices(_results(run)) == [
    ('infomax', '800', '87.5\xa0%', '1.5', '\u22120.25', True),
    ('snd', '–', '–', '–', '–', False),
  ]


def test_page_and_terminal_show_them_after_the_headline(run, capsys):
  html = report.write(run).read_text()
  headline, table = html.index('DANN reaches'), html.index(validators.TITLE)
  assert headline < table and 'for reporting only' in html[table:]
  assert 'infomax from 1 at step 400 to 1.25 at 1000' in html
  assert 'validators/infomax' not in html
  report.print_results(_results(run))
  said = ' '.join(capsys.readouterr().out.split())
  assert validators.TITLE in said and 'infomax 800' in said


def test_runs_without_scores_have_no_table(tmp_path, runs, capsys):
  run = runs.pair(tmp_path)
  assert validators.TITLE not in report.write(run).read_text()
  report.print_results(_results(run))
  assert validators.TITLE not in capsys.readouterr().out
  read = folder.read(run)
  assert validators.curves(read) == []
  assert validators.verdict(read.results) is None


@pytest.mark.parametrize(
  ('before', 'says'),
  [
    (1.5, 'it would prefer source-only.'),
    (1.0, 'it would prefer DANN.'),
    (1.25, 'it sees no difference.'),
  ],
)
def test_the_verdict_compares_the_last_steps(tmp_path, runs, before, says):
  run = _with_scores(runs.pair(tmp_path), {'infomax': before})
  sentence = validators.verdict(_results(run))
  assert 'infomax gives DANN 1.25 and source-only' in sentence
  assert sentence.endswith(says)


@pytest.mark.parametrize('scores', [{}, {'infomax': None}, {'snd': 1.0}])
def test_no_verdict_without_both_scores(tmp_path, runs, scores):
  run = _with_scores(runs.pair(tmp_path), scores)
  assert validators.verdict(_results(run)) is None


def test_a_point_marks_the_choice(run, monkeypatch):
  drawn = []
  monkeypatch.setattr(
    validators.plots, 'small', lambda *args, **said: drawn.append((args, said))
  )
  read = folder.read(run)
  validators.curves(read._replace(before_metrics=read.metrics))
  (((name, (before, now)), said),) = drawn
  assert name == 'infomax' and said == {'chosen': 800, 'bold': True}
  assert now.curve.tolist() == before.curve.tolist()
  assert now.curve.tolist() == [[400, 1.0], [800, 1.5], [1000, 1.25]]
