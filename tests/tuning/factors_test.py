"""Settings and effects against loops over runs."""

import math

import numpy as np
import pytest
from scipy import stats

from da_jax.errors import UserError
from da_jax.tuning import factors
from da_jax.tuning.factors import Factor, Run

FACTORS = [Factor('a', ('1', '2')), Factor('b', ('x', 'y', 'z'))]
SEEDS = (0, 1, 2, 3)


def _runs(failed=()):
  rng = np.random.default_rng(0)
  runs = []
  for setting in factors.grid(FACTORS):
    for seed in SEEDS:
      accuracy = {'last': rng.random(), 'selected': rng.random()}
      results = {'target_accuracy': accuracy}
      runs.append(
        Run(setting, seed, None if (setting, seed) in failed else results)
      )
  return runs


def test_what_is_varied():
  assert factors.parse('b:x, y,z') == FACTORS[1]
  assert len(set(factors.grid(FACTORS))) == 6
  base = ('1', 'y')
  around = factors.one_at_a_time(FACTORS, base)
  assert set(around) == {base, ('2', 'y'), ('1', 'x'), ('1', 'z')}
  assert len(around) == 4 and around[0] == base
  added = factors.with_base(FACTORS, ('0', 'z'))
  assert added == [Factor('a', ('0', '1', '2')), FACTORS[1]]


@pytest.mark.parametrize('text', ['a', 'a:', ':1,2', 'a:1,,2', 'a:1,1'])
def test_what_cannot_be_varied(text):
  with pytest.raises(UserError, match='--vary='):
    factors.parse(text)


def test_effects_are_means_over_the_others_and_spread_over_seeds():
  runs = _runs()
  found = factors.effect(runs, 1, 'selected')
  assert list(found) == ['x', 'y', 'z']
  for value, summary in found.items():
    by_seed = []
    for seed in SEEDS:
      total = 0.0
      for run in runs:
        if run.setting[1] == value and run.seed == seed:
          total += run.results['target_accuracy']['selected']
      by_seed.append(total / 2)
    expected = stats.t.interval(
      0.95, 3, np.mean(by_seed), np.std(by_seed, ddof=1) / math.sqrt(4)
    )
    np.testing.assert_allclose(summary.mean, np.mean(by_seed))
    np.testing.assert_allclose(summary.t_interval, expected)


def test_a_seed_of_which_a_run_failed_does_not_count():
  failed = {(('1', 'x'), 2)}
  runs = _runs(failed)
  found = factors.effect(runs, 0, 'last')
  assert (found['1'].count, found['2'].count) == (3, 4)
  whole = factors.effect([r for r in runs if r.seed != 2], 0, 'last')
  assert found['1'].mean == whole['1'].mean
  failed = {(('1', 'x'), seed) for seed in SEEDS}
  assert factors.effect(_runs(failed), 0, 'last')['1'] is None
  pairs = factors.interaction(_runs(failed), 0, 1, 'last')
  assert pairs['1', 'x'] is None and pairs['2', 'x'] is not None


def test_pairs_are_means_over_seeds():
  runs = _runs()
  pairs = factors.interaction(runs, 1, 0, 'last')
  assert len(pairs) == 6
  for (b, a), mean in pairs.items():
    seen = [
      run.results['target_accuracy']['last']
      for run in runs
      if run.setting == (a, b)
    ]
    assert len(seen) == 4
    np.testing.assert_allclose(mean, np.mean(seen))


def test_around_the_base_only_one_factor_differs():
  runs = _runs()
  alone = factors.around(runs, 0, ('1', 'y'))
  assert {run.setting for run in alone} == {('1', 'y'), ('2', 'y')}
  assert len(alone) == 8
