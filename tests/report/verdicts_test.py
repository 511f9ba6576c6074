"""Verdicts over seeds and tasks, against scipy and numbers done by hand."""

import numpy as np
from scipy import stats

from da_jax.report import matrix, verdicts

RESULTS = {
  'selected_by': 'infomax',
  'protocol': 'transductive',
  'steps': 3,
  'seconds': 1.5,
}


def _row(method, target, seed, last, selected=None):
  selected = last if selected is None else selected
  accuracy = {'last': last, 'selected': selected, 'oracle': 0.9}
  results = {**RESULTS, 'method': method, 'target_accuracy': accuracy}
  return matrix.row(method, ('a', target), seed, results)


def _rows(method, gains, selected_gains=None):
  """Source-only and a method over two tasks and seeds."""
  places = [(target, seed) for target in 'bc' for seed in range(4)]
  before = np.linspace(0.5, 0.6, len(gains))
  selected_gains = gains if selected_gains is None else selected_gains
  places = places[: len(gains)]
  return [
    row
    for place, low, gain, other in zip(
      places, before, gains, selected_gains, strict=True
    )
    for row in (
      _row('source_only', *place, low),
      _row(method, *place, low + gain, low + other),
    )
  ]


def test_gains_and_losses_get_their_verdicts():
  gains = np.array([0.08, 0.1, 0.12, 0.09, 0.11, 0.1, 0.07, 0.13])
  header, last, selected = verdicts.differences(_rows('dann', gains, -gains))
  named = dict(zip(header, last, strict=True))
  assert (named['method'], named['step'], named['runs']) == (
    'dann',
    'last',
    '8',
  )
  assert named['difference'] == '+10.0' and named['worst'] == '+7.0'
  assert named['verdict'] == 'helps'
  low, high = stats.t.interval(0.95, 7, gains.mean(), stats.sem(gains))
  assert named['95 % interval'] == f'+{100 * low:.1f} to +{100 * high:.1f}'
  assert named['p (Wilcoxon)'] == f'{stats.wilcoxon(gains).pvalue:.3f}'
  named = dict(zip(header, selected, strict=True))
  assert named['step'] == 'selected' and named['difference'] == '−10.0'
  assert named['verdict'] == 'NEGATIVE TRANSFER'


def test_noise_and_one_pair_are_no_evidence():
  noise = [0.1, -0.1, 0.05, -0.04, 0.02, -0.03]
  for gains in (noise, [0.3]):
    _, last, _ = verdicts.differences(_rows('mmd', gains))
    assert last[-1] == 'no evidence'
  assert last[4] == last[6] == last[7] == '–'


def test_only_pairs_of_the_same_task_and_seed_count():
  rows = _rows('dann', [0.1, 0.2])
  rows += [_row('dann', 'd', 0, 0.1), _row('source_only', 'b', 9, 0.9)]
  rows += [matrix.row('dann', ('a', 'b'), 9, None, 'no room')]
  _, last, _ = verdicts.differences(rows)
  assert last[2] == '2' and last[3] == '+15.0'
  assert len(verdicts.differences(rows[1::2])) == 1  # no source-only


def test_the_csv_has_source_only_beside_every_run():
  baseline = {'method': 'source_only', 'target_accuracy': {'last': 0.4}}
  accuracy = {'last': 0.6, 'selected': 0.5, 'oracle': 0.7}
  results = {**RESULTS, 'method': 'dann', 'target_accuracy': accuracy}
  row = lambda **more: matrix.row('dann', ('a', 'b'), 0, {**results, **more})
  assert row(baseline=baseline)['source_only'] == 0.4
  assert row(baseline=None)['source_only'] == ''
  assert row(method='source_only')['source_only'] == 0.6
