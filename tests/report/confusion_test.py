"""Numbers out of confusion matrices, against counts done by hand."""

import numpy as np

from da_jax.report import confusion

AFTER = np.array([[8, 2, 0], [1, 3, 0], [0, 0, 0]])
BEFORE = np.array([[9, 1, 0], [3, 1, 0], [0, 0, 0]])
NAMES = ('a', 'b', 'absent')


def test_rates_leave_absent_classes_open():
  rates = confusion.rates(AFTER)
  np.testing.assert_allclose(rates[:2], [[0.8, 0.2, 0], [0.25, 0.75, 0]])
  assert np.isnan(rates[2]).all()


def test_per_class_sorts_by_gain():
  assert confusion.per_class(AFTER, BEFORE, NAMES) == [
    ('b', 0.75, 0.25, 50.0),
    ('a', 0.8, 0.9, -10.0),
  ]


def test_per_class_without_baseline_sorts_by_accuracy():
  entries = confusion.per_class(AFTER, None, NAMES)
  assert [(e.name, e.after) for e in entries] == [('a', 0.8), ('b', 0.75)]


def test_frequent_mistakes():
  assert confusion.frequent_mistakes(AFTER, NAMES) == [
    ('a', 'b', 2, 0.2),
    ('b', 'a', 1, 0.25),
  ]
  assert len(confusion.frequent_mistakes(AFTER, NAMES, limit=1)) == 1
