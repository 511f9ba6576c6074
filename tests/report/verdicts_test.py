"""Verdicts in words, against numbers done by hand."""

import numpy as np
from scipy import stats

from da_jax.report import matrix, verdicts
from tests.report.paired_test import TASKS, row, rows


def _named(table):
  header, *lines = table
  return [dict(zip(header, line, strict=True)) for line in lines]


def test_a_task_in_words():
  gains = np.array([0.08, 0.1, 0.12, 0.09, 0.11, 0.1, 0.07, 0.13])
  last, selected = _named(verdicts.differences(rows(dann=gains[None])))
  assert (last['method'], last['step'], last['runs']) == ('dann', 'last', '8')
  assert last['difference'] == '+10.0' and last['worst'] == '+7.0'
  low, high = stats.t.interval(0.95, 7, gains.mean(), stats.sem(gains))
  assert last['95 % interval'] == f'+{100 * low:.1f} to +{100 * high:.1f}'
  p = f'{stats.wilcoxon(gains).pvalue:.3f}'
  assert last['p (t)'] == '< 0.001' and last['p (Wilcoxon)'] == p
  assert last['p (Holm)'] == p and last['verdict'] == 'helps'
  assert selected['step'] == 'selected'
  assert verdicts.warnings(rows(dann=gains[None])) == []


def test_terminals_get_the_columns_that_say_most():
  header, line = verdicts.brief([verdicts.HEADER, verdicts.HEADER])
  assert line == header
  assert header == [
    *('method', 'step', 'runs', 'difference'),
    *('p (Holm)', 'verdict'),
  ]
  other = [['chosen by', 'worst regret'], ['snd', '3.0']]
  assert verdicts.brief(other) == other


def test_noise_and_one_pair_are_no_evidence():
  noise = [0.1, -0.1, 0.05, -0.04, 0.02, -0.03]
  for gains in (noise, [0.3]):
    last, _ = _named(verdicts.differences(rows(mmd=[gains])))
    assert last['verdict'] == 'no evidence'
  dashes = ('95 % interval', 'p (t)', 'p (Wilcoxon)', 'p (Holm)')
  assert {last[name] for name in dashes} == {'–'}
  said = ['No method is shown to be better than source-only.']
  assert verdicts.warnings(rows(mmd=[[0.3]])) == said


def test_runs_say_how_many_of_what():
  gains = np.full((3, 2), 0.1)
  gains[0, 1] = np.nan
  last, _ = _named(verdicts.differences(rows(dann=gains)))
  assert last['runs'] == '5 of 6 in 3 tasks'
  first, second, *_ = _named(verdicts.differences(rows(dann=gains[:2])))
  assert first['runs'] == '1 of 2, a → b' and second['runs'] == '2, a → c'
  only = rows(dann=gains)[6:]  # no source-only
  assert len(verdicts.differences(only)) == 1 and not verdicts.warnings(only)


def test_negative_transfer_is_loud_in_accuracy_and_score():
  found = []
  for seed, gain in enumerate((0.05, 0.04, 0.06)):
    found.append(row('source_only', TASKS[0], seed, 0.5, 0.5, 1.0))
    found.append(row('dann', TASKS[0], seed, 0.5 - gain, 0.6, 1.0 - gain))
  *_, score = _named(verdicts.differences(found))
  assert score['step'] == 'by infomax, without target labels'
  assert score['difference'] == '−0.05' and score['worst'] == '−0.06'
  assert score['verdict'] == 'NEGATIVE TRANSFER'
  at_last, by_score, none = verdicts.warnings(found)
  p = stats.ttest_1samp([0.05, 0.04, 0.06], 0).pvalue
  assert at_last == (
    'NEGATIVE TRANSFER in target accuracy at the last step: DANN in a → b'
    f' (−5.0, p = {p:.3f}).'
  )
  assert by_score.startswith('NEGATIVE TRANSFER by infomax, without target')
  assert none.startswith('No method')


def test_single_tasks_and_missing_runs_are_told():
  gains = np.add([[0.1], [0.11], [0.1], [0.12]], [0.0, 0.01, 0.02])
  gains[2] *= -1
  said, *_ = verdicts.warnings(rows(dann=gains))
  assert said.startswith('NEGATIVE TRANSFER in single tasks, in target')
  assert 'DANN in b → c (−11.0, p = ' in said and 'one in 40' in said
  *_, two_seeds = verdicts.warnings(rows(dann=gains[:, :2]))[:-1]
  assert two_seeds.startswith('Single tasks are not tested')
  gains[2] *= -1
  gains[0, 0] = np.nan
  said, *_ = verdicts.warnings(rows(dann=gains))
  assert 'runs are missing, in target accuracy at the last step: DANN' in said
  assert '11 of 12 runs' in said


def test_the_csv_has_source_only_and_the_score_beside_every_run():
  results = {
    **{'selected_by': 'infomax', 'protocol': 'p', 'steps': 3, 'seconds': 1.5},
    'method': 'dann',
    'target_accuracy': {'last': 0.6, 'selected': 0.5, 'oracle': 0.7},
  }
  baseline = {'method': 'source_only', 'target_accuracy': {'last': 0.4}}
  row = lambda **more: matrix.row('dann', ('a', 'b'), 0, {**results, **more})
  assert row(baseline=baseline)['source_only'] == 0.4
  assert row(baseline=None)['source_only'] == ''
  assert row(method='source_only')['source_only'] == 0.6
  scores = {'infomax': {'last_score': 0.25}, 'snd': {'last_score': 4.0}}
  assert row(validators=scores)['score'] == 0.25
  assert row()['score'] == row(selected_by='the last step')['score'] == ''
