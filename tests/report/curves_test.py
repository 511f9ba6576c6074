"""What is read out of metrics.jsonl."""

import numpy as np

from da_jax.report import curves, folder


def test_series_sorts_steps_and_keeps_what_was_written_last():
  lines = [
    {'step': 20, 'loss': 2.0},
    {'step': 10, 'loss': 3.0, 'note': 'text', 'flag': True},
    {'step': 20, 'loss': 1.0, 'accuracy': None},
  ]
  found = curves.series(lines)
  assert list(found) == ['loss']
  np.testing.assert_array_equal(found['loss'], [[10, 3], [20, 1]])


def _run(lines):
  return folder.Run({}, {}, lines, {}, [], [], {}, {}, [])


def test_groups_hold_every_scalar_once():
  lines = [
    {'step': 1, 'loss': 1.0, 'critic_accuracy': 0.5, 'strength': 0.1},
    {'step': 1, 'gradient_norm': 2.0, 'seconds_per_step': 0.1, 'bound': 1.0},
    {'step': 2, 'target_accuracy': 0.5, 'source_val_accuracy': 0.9},
    {'step': 2, 'target_loss': 0.5},
  ]
  assert curves.evaluation_names(lines) == [
    'target_accuracy',
    'source_val_accuracy',
  ]
  groups = curves.groups(_run(lines))
  assert [(group.title, len(group.pictures)) for group in groups] == [
    ('Training accuracies', 1),
    ('Losses', 2),
    ('Strength and gradients', 2),
    ('Time and memory', 1),
    ('Other scalars', 1),
  ]
  assert [group.aside for group in groups] == [False] * 3 + [True, False]


def test_nothing_logged_nothing_drawn():
  assert curves.evaluation(_run([])) is None
  assert curves.groups(_run([])) == []


def test_the_critic_stands_beside_chance():
  assert curves.titled('domain_accuracy') == (
    'domain accuracy (dotted: chance)',
    0.5,
  )
  assert curves.titled('source_loss') == ('source loss', None)
