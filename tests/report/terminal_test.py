"""The table in the terminal and the words it shares with the page."""

import json
import math

import pytest

from da_jax import report
from da_jax.report import summary


def test_prints_both_rows(tmp_path, runs, capsys):
  run_dir = runs.pair(tmp_path, last=0.655)
  report.print_results(json.loads((run_dir / 'results.json').read_text()))
  text = ' '.join(capsys.readouterr().out.split()).replace('\xa0', ' ')
  for part in ('source-only 70.0 % 69.0 % 72.0 %', 'DANN 65.5 % 87.5 % 89.0 %'):
    assert part in text
  assert 'source accuracy 98.7 %, 1000 steps, 83 s, seed 0' in text
  assert 'Adaptation hurt here' in text


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
  assert summary.warning(results).endswith('than before fine-tuning.')
