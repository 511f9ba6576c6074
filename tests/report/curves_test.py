"""What is read out of metrics.jsonl."""

import numpy as np

from da_jax.report import curves


def test_series_sorts_steps_and_keeps_what_was_written_last():
  lines = [
    {'step': 20, 'loss': 2.0},
    {'step': 10, 'loss': 3.0, 'note': 'text', 'flag': True},
    {'step': 20, 'loss': 1.0, 'accuracy': None},
  ]
  found = curves.series(lines)
  assert list(found) == ['loss']
  np.testing.assert_array_equal(found['loss'], [[10, 3], [20, 1]])


def test_groups_hold_every_scalar_once():
  lines = [
    {'step': 1, 'loss': 1.0, 'critic_accuracy': 0.5, 'strength': 0.1},
    {'step': 2, 'target_accuracy': 0.5, 'source_val_accuracy': 0.9},
    {'step': 2, 'target_loss': 0.5},
  ]
  assert curves.evaluation_names(lines) == [
    'target_accuracy',
    'source_val_accuracy',
  ]
  groups = curves.groups(lines, [])
  assert [(group.title, len(group.pictures)) for group in groups] == [
    ('Training accuracies', 1),
    ('Losses', 2),
    ('Other scalars', 1),
  ]


def test_nothing_logged_nothing_drawn():
  assert curves.evaluation([], [], {}) is None
  assert curves.groups([], []) == []
