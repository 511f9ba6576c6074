"""The table in the terminal and the words it shares with the page."""

import json
import math

import pytest

from da_jax import report
from da_jax.report import summary

TOLD = {
  'repaired': 12,
  'broken': 1040,
  'both_right': 90,
  'both_wrong': 0,
  'mcnemar_p': 0.00002,
  'verdict': 'negative transfer',
}


def test_prints_both_rows(tmp_path, runs, capsys):
  run_dir = runs.pair(tmp_path, last=0.655, told=TOLD)
  report.print_results(json.loads((run_dir / 'results.json').read_text()))
  text = ' '.join(capsys.readouterr().out.split()).replace('\xa0', ' ')
  for part in ('source-only 70.0 % 69.0 % 72.0 %', 'DANN 65.5 % 87.5 % 89.0 %'):
    assert part in text
  assert 'source accuracy 98.7 %, 1000 steps, 83 s, seed 0' in text
  assert (
    'NEGATIVE TRANSFER on these examples, compared with source-only' in text
  )


def test_prints_brackets_as_they_are(tmp_path, runs, capsys):
  run_dir = runs.run(tmp_path / 'run')
  results = json.loads((run_dir / 'results.json').read_text())
  report.print_results({**results, 'target': '[bold]photo'})
  assert '[bold]photo' in capsys.readouterr().out


@pytest.mark.parametrize(
  ('method', 'name'),
  [('dann', 'DANN'), ('source_only', 'source-only'), ('mixstyle', 'mixstyle')],
)
def test_display_name(method, name):
  assert summary.display_name(method) == name


def test_points_agree_with_the_printed_percentages():
  # 88.149 - 70.051 is 18.098, yet 88.1 and 70.1 are what people read.
  assert summary.points(0.88149, 0.70051) == pytest.approx(18.0)
  assert math.isnan(summary.points(0.5, None))
  assert summary.signed(-4.5) == '−4.5'
  assert summary.signed(summary.points(0.5, 0.50001)) == '±0.0'


def test_the_start_of_fine_tuning_has_no_budget():
  results = {
    'method': 'lp_ft',
    'target': 'photo',
    'target_accuracy': {'last': 0.9},
    'baseline': {
      'method': 'before fine-tuning',
      'run': None,
      'target_accuracy': {'last': 0.92},
    },
  }
  said = summary.headline(results)
  assert said.endswith('before fine-tuning 92.0\xa0%: −2.0 points.')
  text, is_warning = summary.verdict(results)
  assert is_warning and '2.0 points worse' in text
  assert 'than before fine-tuning; not tested' in text


@pytest.mark.parametrize(
  ('verdict', 'p', 'begins', 'is_warning'),
  [
    ('negative transfer', 0.00002, 'NEGATIVE TRANSFER on these', True),
    ('no evidence', 0.25, 'No evidence on these', False),
    ('helps', 0.0123, 'Helps on these', False),
  ],
)
def test_one_seed_says_one_of_three_words(verdict, p, begins, is_warning):
  told = TOLD | {'verdict': verdict, 'mcnemar_p': p}
  found = summary.verdict(_compared(0.9, 0.8) | {'changes': told})
  assert found.text.startswith(begins) and found.is_warning is is_warning
  assert (
    'compared with source-only training: 12 repaired, 1,040 broken'
    in found.text
  )
  assert f'(McNemar p {summary.p_value(p)}). One seed tells' in found.text
  assert '--seeds=5 tells about the method' in found.text


@pytest.mark.parametrize('changes', [{}, {'changes': None}])
def test_no_verdict_on_examples_that_were_not_compared(changes):
  """As in older results, or where the other run's predictions are gone."""
  assert summary.verdict(_compared(0.9, 0.8) | changes) is None
  assert summary.verdict(_compared(0.8, 0.8) | changes) is None
  worse = summary.verdict(_compared(0.7, 0.8) | changes)
  assert worse.is_warning and '10.0 points worse' in worse.text
  assert 'not tested' in worse.text and 'NEGATIVE' not in worse.text
  assert summary.verdict({'baseline': None} | changes) is None
  assert summary.verdict({**changes}) is None


def _compared(last, before):
  baseline = {'method': 'source_only', 'run': '../source_only'}
  return {
    'target_accuracy': {'last': last},
    'baseline': baseline | {'target_accuracy': {'last': before}},
  }
