"""Validators over runs against numbers worked out by hand and scipy."""

import numpy as np
import pytest
from scipy import stats

from da_jax.report import choosing


def _results(last=0.5, evaluations=3, target='b', **choices):
  return {
    'source': 'a',
    'target': target,
    'evaluations': evaluations,
    'target_accuracy': {'last': last, 'oracle': 0.8},
    'validators': {
      name: dict(
        zip(('regret', 'rank_correlation', 'last_score'), values, strict=True)
      )
      for name, values in choices.items()
    },
  }


def _by_name(results):
  return {one.name: one for one in choosing.choosers(results)}


def test_regrets_are_over_runs_beside_the_last_step():
  found = choosing.choosers(
    [
      _results(0.7, snd=(0.2, -0.5, 1.0)),
      _results(0.75, snd=(0.04, None, 2.0), dev=(0.02, 0.6, 1.0)),
      {'method': 'of an earlier version', 'validators': {}},
    ]
  )
  assert choosing.words(found)[1:] == [
    ['dev', '1', '2.00', '2.0', '0.60', '–'],
    ['last step', '2', '7.50', '10.0', '–', '–'],
    ['snd', '2', '12.00', '20.0', '−0.50', '–'],
  ]


def test_a_collapsed_run_counts_by_its_last_step():
  collapsed = _results(0.1, snd=(None, None, None), mixval=(None,) * 3)
  collapsed['validators']['mixval']['why'] = 'ids cannot be mixed'
  found = _by_name([collapsed, _results(0.7, snd=(0.0, 0.5, 1.0))])
  # .8 - .1, and 0.
  assert found['snd'].worst_regret == pytest.approx(0.7)
  assert found['snd'].mean_regret == pytest.approx(0.35)
  assert found['snd'].runs == 2 and 'mixval' not in found


def test_one_evaluation_leaves_nothing_to_choose():
  runs = [_results(evaluations=1, snd=(0.0, None, 1.0))] * 4
  assert choosing.choosers(runs) == []
  assert len(choosing.words([])) == 1 and choosing.plot([]) is None
  found = _by_name([*runs, _results(snd=(0.1, 0.5, 1.0))])
  assert found['snd'].runs == 1 and found['snd'].mean_regret == 0.1


def test_correlation_across_runs_is_a_mean_over_tasks():
  rng = np.random.default_rng(0)
  scores, accuracies = rng.random((2, 5)), rng.random((2, 5))
  runs = [
    _results(accuracies[task, run], target=target, dev=(0.0, None, score))
    for task, target in enumerate('bc')
    for run, score in enumerate(scores[task])
  ]
  # Of a third task two runs tell nothing.
  runs += [_results(0.1 * n, target='d', dev=(0.0, None, n)) for n in (1, 2)]
  expected = [
    stats.pearsonr(stats.rankdata(score), stats.rankdata(accuracy)).statistic
    for score, accuracy in zip(scores, accuracies, strict=True)
  ]
  assert _by_name(runs)['dev'].across == pytest.approx(np.mean(expected))


def test_equal_scores_say_nothing_and_missing_ones_rank_last():
  runs = [_results(0.1 * n, dev=(0.0, None, 3.0)) for n in range(4)]
  assert _by_name(runs)['dev'].across is None
  scores = (None, 1.0, 2.0, 3.0)
  runs = [
    _results(0.1 * n, dev=(0.0, None, score)) for n, score in enumerate(scores)
  ]
  assert _by_name(runs)['dev'].across == pytest.approx(1.0)


def test_the_plot_is_a_picture():
  picture = choosing.plot(choosing.choosers([_results(dev=(0.0, 0.5, 1.0))]))
  assert picture.src.startswith('data:image/svg') and '2 ways' in picture.alt
