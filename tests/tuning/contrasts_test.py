"""Differences between values against loops over runs, and their test."""

import itertools

import numpy as np
import pytest
from scipy import stats

from da_jax.tuning import contrasts, factors
from da_jax.tuning.factors import Factor, Run

FACTORS = [Factor('a', ('1', '2', '3')), Factor('b', ('x', 'y'))]
SEEDS = range(5)
SPREAD = 0.002  # over runs


def _runs(effect, failed=()):
  """All settings: the accuracy is .5 + effect of a's value + noise."""
  rng = np.random.default_rng(0)
  runs = []
  for setting, seed in itertools.product(factors.grid(FACTORS), SEEDS):
    last = 0.5 + effect[setting[0]] + SPREAD * rng.standard_normal()
    results = {'target_accuracy': {'last': last}}
    fails = (*setting, seed) in failed
    runs.append(Run(setting, seed, None if fails else results))
  return runs


def _last(runs, setting, seed):
  (found,) = [r for r in runs if (r.setting, r.seed) == (setting, seed)]
  return found.results and found.results['target_accuracy']['last']


def test_pairs_are_of_the_runs_that_both_values_have():
  # Seed 1 has b=y alone for both, seed 2 nothing for both.
  failed = {('1', 'x', 1), ('3', 'x', 2), ('1', 'y', 2)}
  runs = _runs(dict.fromkeys('123', 0.0), failed)
  expected = []
  for seed in SEEDS:
    ones, others = [], []
    for b in 'xy':
      one, other = (_last(runs, (a, b), seed) for a in '13')
      if one is not None and other is not None:
        ones.append(one)
        others.append(other)
    if ones:
      expected.append((sum(ones) / len(ones), sum(others) / len(others)))
  assert len(expected) == 4
  found = contrasts.pairs(runs, 0, '1', '3', 'last')
  np.testing.assert_allclose(found, expected)


def test_the_widest_is_tested_seed_by_seed_for_all_that_were_looked_at():
  runs = _runs({'1': 0.0, '2': 0.1, '3': -0.2})
  found = contrasts.widest(FACTORS, runs, None, 'last')
  assert (found.factor, found.high, found.low) == ('a', '2', '3')
  by_seed = [
    sum(_last(runs, (a, b), seed) * sign / 2 for b in 'xy' for a, sign in signs)
    for seed in SEEDS
    for signs in [(('2', 1), ('3', -1))]
  ]
  # Three pairs of a's values and one of b's.
  assert found.p == pytest.approx(4 * stats.ttest_1samp(by_seed, 0).pvalue)
  assert found.found.difference.mean == pytest.approx(np.mean(by_seed))
  assert found.shown


def test_what_is_chance_is_not_shown():
  """Of many ablations without any effect few show one."""
  rng, shown = np.random.default_rng(1), 0
  factor = [Factor('a', tuple('123456'))]
  for _ in range(40):
    runs = [
      Run((a,), seed, {'target_accuracy': {'last': rng.normal(0.5, 0.05)}})
      for a in factor[0].values
      for seed in range(4)
    ]
    shown += contrasts.widest(factor, runs, None, 'last').shown
  assert shown <= 4  # 5 % are 2; of tests that do not count pairs about 15


def test_a_wider_difference_by_chance_does_not_hide_what_is_shown():
  runs = _runs({'1': 0.0, '2': 0.1, '3': 0.0})
  odd = Run(('4', 'x'), 0, {'target_accuracy': {'last': 0.99}})
  varied = [Factor('a', ('1', '2', '3', '4')), FACTORS[1]]
  found = contrasts.widest(varied, [*runs, odd], None, 'last')
  assert found.shown and found.high == '2'


def test_of_one_at_a_time_values_are_compared_with_the_base():
  runs = _runs({'1': -0.2, '2': 0.0, '3': 0.1})
  base = ('2', 'x')
  alone = [r for r in runs if r.setting[1] == 'x' or r.setting == ('2', 'y')]
  found = contrasts.widest(FACTORS, alone, base, 'last')
  assert (found.high, found.low) == ('2', '1')


def test_there_may_be_nothing_to_compare():
  failed = set(itertools.product('23', 'xy', SEEDS))
  failed |= {('1', 'x', seed) for seed in SEEDS}
  runs = _runs(dict.fromkeys('123', 0.0), failed)
  assert contrasts.widest(FACTORS, runs, None, 'last') is None
