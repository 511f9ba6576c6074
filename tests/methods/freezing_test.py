"""The policy and what it leaves to train, from either end of a network."""

import itertools

import jax
import numpy as np
import pytest

from da_jax import methods, models, optimizers, schedules
from da_jax.errors import UserError
from da_jax.methods.freezing import freezing, frozen_parts


@pytest.mark.parametrize(
  ('freeze', 'labels', 'count'),
  [
    ('none', 1, 0),
    ('stem', 1, 1),
    ('stage3', 1, 4),
    ('backbone', 1, 5),
    ('auto', 1, 5),
    ('auto', 9.9, 5),
    ('auto', 10, 4),
    ('auto', 50, 1),
    ('auto', 200, 0),
  ],
)
def test_from_the_input_up(freeze, labels, count):
  assert freezing(models.resnet18(), freeze, labels).count == count


@pytest.mark.parametrize(
  ('freeze', 'labels', 'count'),
  [
    ('none', 1, 0),
    ('stage2', 1, -1),
    ('stage1', 1, -2),
    ('stem', 1, -3),
    ('auto', 1, -3),
    ('auto', 10, -2),
    ('auto', 50, -1),
    ('auto', 200, 0),
  ],
)
def test_from_the_output_down(freeze, labels, count):
  found = freezing(models.Conv1d(), freeze, labels, from_output=True)
  assert found.count == count


def test_the_reason_names_depths_and_labels():
  why = freezing(models.resnet18(), 'auto', 17).why
  assert 'stem, stage1, stage2, stage3 (' in why and '17 labelled' in why
  assert 'Nothing' in freezing(models.resnet18(), 'none', 17).why


def test_unknown_depth_lists_the_choices():
  with pytest.raises(UserError, match='none, stem, stage1'):
    freezing(models.resnet18(), 'layer9', 1)


@pytest.mark.parametrize(
  'name, count',
  [
    *(('conv1d', -2), ('transformer', 1)),
    *(
      pytest.param(name, count, marks=pytest.mark.slow)
      for name, count in itertools.product(
        ('conv1d', 'lstm', 'transformer'), (-1, -2, 1)
      )
    ),
  ],
)
def test_depths_of_series_stand_still(name, count):
  backbone = models.BACKBONES[name](frozen=count)
  frozen = frozen_parts(backbone, count)
  optimizer = optimizers.by_part(
    optimizers.sgd(schedules.constant(0.1), weight_decay=0.1), frozen=frozen
  )
  model = models.Classifier(backbone, 2, bottleneck=0)
  method = methods.finetune(model, optimizer)
  x = np.random.default_rng(0).normal(size=(4, 16, 3)).astype(np.float32)
  batch = {'target': {'x': x, 'y': np.arange(4) % 2}}
  state = jax.jit(method.init)(jax.random.key(0), batch)
  after, _ = jax.jit(method.step)(state, batch, jax.random.key(1))
  depths = backbone.depths
  still = depths[count:] if count < 0 else depths[:count]
  for depth in depths:
    for module in depth[1]:
      for before, now in zip(
        _leaves(state, module), _leaves(after, module), strict=True
      ):
        assert np.array_equal(before, now) == (depth in still), module


def _leaves(state, module):
  statistics = state.variables['model'].get('batch_stats', {})
  trees = (state.params['model'], statistics)
  found = [tree.get('backbone', {}).get(module, {}) for tree in trees]
  return jax.tree.leaves(found)
