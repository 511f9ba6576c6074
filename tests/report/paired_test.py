"""What is paired and tested, against scipy, R and simulated nulls."""

import numpy as np
import pytest
from scipy import stats

from da_jax.report import matrix, paired

TASKS = [('a', 'b'), ('a', 'c'), ('b', 'c'), ('c', 'a'), ('c', 'b'), ('b', 'a')]


def row(method, task, seed, last, selected=None, score=None):
  selected = last if selected is None else selected
  results = {
    'method': method,
    'selected_by': 'infomax',
    'protocol': 'transductive',
    'steps': 3,
    'seconds': 1.5,
    'target_accuracy': {'last': last, 'selected': selected, 'oracle': 0.9},
    'validators': {'infomax': {'last_score': score}},
  }
  return matrix.row(method, task, seed, results)


def rows(**gains):
  """Source-only and methods with gains [tasks, seeds]; NaN failed."""
  found = []
  for method, table in {'source_only': None, **gains}.items():
    shape = np.shape(next(iter(gains.values())))
    for (task, seed), _ in np.ndenumerate(np.zeros(shape)):
      low = 0.5 + 0.1 * seed + 0.01 * task
      gain = 0.0 if table is None else table[task][seed]
      if np.isnan(gain):
        found.append(matrix.row(method, TASKS[task], seed, None, 'diverged'))
      else:
        found.append(row(method, TASKS[task], seed, low + gain))
  return found


def _of(found, kind='last'):
  return {one.method: one for one in found if one.kind == kind}


def test_means_over_seeds_are_tested_one_a_task():
  gains = np.random.default_rng(0).normal(0.05, 0.02, (6, 3))
  one = _of(paired.findings(rows(dann=gains)))['dann']
  means = gains.mean(axis=1)
  assert (one.pairs, one.expected, one.task) == (18, 18, None)
  assert one.compared.difference.count == 6
  assert one.compared.p_t == pytest.approx(stats.ttest_1samp(means, 0).pvalue)
  assert one.compared.p_wilcoxon == stats.wilcoxon(means).pvalue == one.p
  low, high = stats.t.interval(0.95, 5, means.mean(), stats.sem(means))
  assert one.compared.difference.t_interval == pytest.approx((low, high))


@pytest.mark.parametrize(('tasks', 'low'), [(5, 0.03), (6, 0.01)])
def test_false_verdicts_are_as_rare_as_they_should_be(tasks, low):
  rng = np.random.default_rng(0)
  # Of no mean gain: 3 points between tasks, .7 within.
  truth = rng.normal(0, 3, (400, tasks, 1))
  drawn = truth + rng.normal(0, 0.7, (400, tasks, 5))
  places = [(*TASKS[t], s) for t in range(tasks) for s in range(5)]

  def false(gains, of):
    pairs = {p: (g, 0.0) for p, g in zip(places, gains.ravel(), strict=True)}
    return paired.tested(pairs, of).verdict != 'no evidence'

  # Of 2000 .052 and .023: with six tasks Wilcoxon's test alone has 1 / 32.
  assert low < np.mean([false(g, TASKS[:tasks]) for g in drawn]) < 0.07
  # Taken as independent, the pairs find a lot that is not there: .37.
  assert np.mean([false(g, ()) for g in drawn[:100]]) > 0.25


def test_fewer_than_three_tasks_have_a_verdict_each():
  gains = [[0.1, 0.12, 0.11], [-0.1, -0.12, -0.11]]
  first, second = (
    one for one in paired.findings(rows(dann=gains)) if one.kind == 'last'
  )
  assert (first.task, first.verdict) == (TASKS[0], 'helps')
  assert (second.task, second.verdict) == (TASKS[1], 'negative transfer')
  # Two tests of equal p: both doubled.
  p = stats.ttest_1samp(gains[0], 0).pvalue
  assert first.p == pytest.approx(2 * p) and second.p == pytest.approx(2 * p)
  assert paired.in_single_tasks(rows(dann=gains)) == []


def test_p_values_are_adjusted_to_the_other_methods():
  rng = np.random.default_rng(3)
  noise = {f'm{i}': rng.normal(0, 0.05, (5, 2)) for i in range(8)}
  gain = np.repeat([[0.02], [0.03], [0.01], [0.05], [0.02]], 2, axis=1)
  alone = _of(paired.findings(rows(dann=gain)))['dann']
  assert alone.p == alone.compared.p_t < 0.05 and alone.verdict == 'helps'
  among = _of(paired.findings(rows(dann=gain, **noise)))['dann']
  assert among.p >= alone.p * 7 and among.verdict == 'no evidence'


def test_nothing_helps_where_runs_are_missing():
  gains = np.add(np.full((3, 5), 0.1), [[0.0], [0.01], [0.02]])
  assert _of(paired.findings(rows(dann=gains)))['dann'].verdict == 'helps'
  gains[1, 2:] = np.nan
  found = paired.findings(rows(dann=gains, mmd=-gains))
  dann, mmd = _of(found)['dann'], _of(found)['mmd']
  assert (dann.pairs, dann.expected, dann.verdict) == (12, 15, 'incomplete')
  assert (mmd.pairs, mmd.verdict) == (12, 'negative transfer')


def test_single_tasks_are_tested_over_their_seeds():
  gains = np.full((4, 3), 0.1) + np.array([0.01, 0.0, 0.02])
  gains[2] *= -1
  found = paired.in_single_tasks(rows(dann=gains))
  said = {one.task: one.verdict for one in found if one.kind == 'last'}
  expected = ['helps', 'helps', 'negative transfer', 'helps']
  assert said == dict(zip(TASKS[:4], expected, strict=True))
  p = stats.ttest_1samp(gains[2], 0).pvalue
  assert found[2].p == pytest.approx(p) and found[2].pairs == 3
  two = paired.in_single_tasks(rows(dann=gains[:, :2]))
  assert {one.verdict for one in two} == {'no evidence'}


def test_scores_are_paired_where_both_are_of_one_validator():
  found = []
  for seed, gain in enumerate((0.5, 0.4, 0.6)):
    found.append(row('source_only', TASKS[0], seed, 0.5, score=1.0))
    found.append(row('dann', TASKS[0], seed, 0.4, score=1.0 - gain))
  one = _of(paired.findings(found), 'score')['dann']
  assert one.compared.difference.mean == pytest.approx(-0.5)
  assert (one.validator, one.verdict) == ('infomax', 'negative transfer')
  other = [{**one, 'selected_by': one['method']} for one in found]
  assert set(_of(paired.findings(other))) == {'dann'}
  assert not _of(paired.findings(other), 'score')
  assert not _of(paired.findings(other), 'selected')
  found[1] = row('dann', TASKS[0], 0, 0.4)  # of no number
  one = _of(paired.findings(found), 'score')['dann']
  assert (one.pairs, one.expected) == (2, 3)
