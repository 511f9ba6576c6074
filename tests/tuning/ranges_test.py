"""What --tune means, and what is drawn of it."""

from absl import flags
import optuna
from optuna.distributions import (
  CategoricalDistribution,
  FloatDistribution,
  IntDistribution,
)
import pytest

from da_jax.errors import UserError
from da_jax.tuning import ranges

FLOAT = flags.FloatParser(lower_bound=0.0)
INTEGER = flags.IntegerParser(lower_bound=1)
WORD = flags.EnumParser(['paper', 'tllib'])
RANGES = {
  'rate': FloatDistribution(1e-4, 0.1, log=True),
  'kernels': IntDistribution(1, 9),
  'schedule': CategoricalDistribution(['paper', 'tllib']),
}


@pytest.mark.parametrize(
  ('name', 'text', 'parser'),
  [
    ('rate', '1e-4..1e-1:log', FLOAT),
    ('kernels', '1..9', INTEGER),
    ('schedule', 'paper, tllib', WORD),
  ],
)
def test_what_is_meant(name, text, parser):
  assert ranges.parse(name, text, parser) == RANGES[name]


@pytest.mark.parametrize(
  ('text', 'parser', 'said'),
  [
    ('1e-4..1e-1:lin', FLOAT, 'is not like'),
    ('1..1', FLOAT, 'is not like'),
    ('2..1', FLOAT, 'is not like'),
    ('1..inf', FLOAT, 'is not like'),
    ('0..1:log', FLOAT, 'above 0'),
    ('-1..1', FLOAT, '-1 is no value'),
    ('0..9', INTEGER, '0 is no value'),
    ('1..2.5', INTEGER, '2.5 is no value'),
    ('paper..tllib', WORD, 'not a number'),
    ('paper,linear', WORD, 'linear is no value'),
    ('paper', WORD, 'is not like'),
    ('paper,paper', WORD, 'is not like'),
    ('', WORD, 'is not like'),
  ],
)
def test_what_cannot_be_tried(text, parser, said):
  with pytest.raises(UserError, match=said):
    ranges.parse('x', text, parser)


def test_ranges_are_recorded_and_read_again():
  assert ranges.from_json(ranges.to_json(RANGES)) == RANGES
  assert ranges.words(RANGES['rate']) == '0.0001 to 0.1, logarithmic'
  assert ranges.words(RANGES['schedule']) == 'paper, tllib'


def test_words_give_the_very_values_that_were_drawn():
  study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
  trial = study.ask()
  drawn = ranges.suggest(trial, RANGES)
  assert float(drawn['rate']) == trial.params['rate']
  assert int(drawn['kernels']) == trial.params['kernels']
  assert drawn['schedule'] == trial.params['schedule']
  assert ranges.suggest(trial, RANGES) == drawn


def test_a_grid_has_as_many_points_as_its_lists():
  lists = {'a': RANGES['schedule'], 'b': CategoricalDistribution(list('xyz'))}
  assert ranges.count(lists, 'grid', 40) == 6
  assert ranges.count(lists, 'grid', 4) == 4
  assert ranges.count(RANGES, 'tpe', 40) == 40
  with pytest.raises(UserError, match='--sampler=grid takes lists'):
    ranges.count(RANGES, 'grid', 40)


def test_the_edge_of_a_range():
  rate = RANGES['rate']  # three decades: an edge has .15 of one
  assert ranges.is_at_edge(rate, 1.3e-4) and ranges.is_at_edge(rate, 0.08)
  assert not ranges.is_at_edge(rate, 1.5e-4)
  assert not ranges.is_at_edge(RANGES['schedule'], 'paper')
