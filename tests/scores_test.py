import math

import numpy as np
import pytest
from sklearn import metrics

from da_jax import scores

RNG = np.random.default_rng(0)


def _confusion(y, predicted, k):
  counts = np.zeros((k, k), int)
  for a, b in zip(y, predicted, strict=True):
    counts[a, b] += 1
  return counts


def test_scores_are_those_of_sklearn_on_the_examples():
  y = RNG.choice(4, 200, p=[0.5, 0.3, 0.15, 0.05])
  predicted = np.where(RNG.random(200) < 0.6, y, RNG.integers(0, 4, 200))
  found = scores.classification(_confusion(y, predicted, 4))
  of = lambda score, **options: pytest.approx(score(y, predicted, **options))
  assert found.accuracy == of(metrics.accuracy_score)
  assert found.mean_class_accuracy == of(metrics.balanced_accuracy_score)
  assert found.precision_macro == of(metrics.precision_score, average='macro')
  assert found.recall_macro == of(metrics.recall_score, average='macro')
  assert found.f1_macro == of(metrics.f1_score, average='macro')
  assert found.recall_weighted == of(metrics.recall_score, average='weighted')
  assert found.precision_weighted == of(
    metrics.precision_score, average='weighted'
  )
  assert found.f1_weighted == of(metrics.f1_score, average='weighted')


def test_scores_by_hand():
  # Precisions 3/4 and 1/2, recalls 3/4 and 1/2; class 2 has no examples.
  found = scores.classification(np.array([[3, 1, 0], [1, 1, 0], [0, 0, 0]]))
  assert found.accuracy == pytest.approx(4 / 6)
  assert found.mean_class_accuracy == pytest.approx(0.625)
  assert found.precision_macro == pytest.approx(0.625)
  assert found.f1_weighted == pytest.approx(0.75 * 4 / 6 + 0.5 * 2 / 6)


def test_a_class_that_is_never_predicted_has_no_precision():
  found = scores.classification(np.array([[4, 0], [4, 0]]))
  assert found.precision_macro == 0.25
  assert found.f1_macro == pytest.approx(1 / 3)


def test_open_set_scores_by_hand():
  # Known classes at 8/10 and 3/5, the unknown one at 6/12.
  counts = np.array([[8, 1, 1], [0, 3, 2], [4, 2, 6]])
  found = scores.open_set(counts)
  assert found.os_star == pytest.approx(0.7)
  assert found.unk == pytest.approx(0.5)
  assert found.os == pytest.approx((2 * 0.7 + 0.5) / 3)
  assert found.hos == pytest.approx(1 / ((1 / 0.7 + 1 / 0.5) / 2))
  # 11 of 15 known examples are right.
  assert found.h_score == pytest.approx(1 / ((15 / 11 + 1 / 0.5) / 2))


def test_known_classes_that_do_not_occur_do_not_count():
  counts = np.array([[8, 0, 2], [0, 0, 0], [0, 5, 5]])
  assert scores.open_set(counts) == (
    pytest.approx(0.65),
    0.8,
    0.5,
    pytest.approx(2 * 0.8 * 0.5 / 1.3),
    pytest.approx(2 * 0.8 * 0.5 / 1.3),
  )


def test_rejecting_all_or_nothing_is_worth_nothing():
  for counts in ([[0, 9], [0, 9]], [[9, 0], [9, 0]], [[0, 9], [9, 0]]):
    found = scores.open_set(np.array(counts))
    assert found.hos == found.h_score == 0.0


def test_without_unknown_examples_there_is_no_hos():
  found = scores.open_set(np.array([[9, 0], [0, 0]]))
  assert (found.os, found.os_star) == (1.0, 1.0)
  assert all(map(math.isnan, (found.unk, found.hos, found.h_score)))


@pytest.mark.parametrize('function', [scores.classification, scores.open_set])
def test_no_examples_are_refused(function):
  with pytest.raises(ValueError, match='without examples'):
    function(np.zeros((3, 3), int))


def test_calibration_error_equals_the_loops():
  p = RNG.dirichlet(np.ones(4) / 3, size=300)
  y = RNG.integers(0, 4, 300)
  total = 0.0
  for b in range(15):
    inside = [
      i for i in range(300) if b / 15 < max(p[i].tolist()) <= (b + 1) / 15
    ]
    if inside:
      hits = np.mean([np.argmax(p[i]) == y[i] for i in inside])
      confidence = np.mean([max(p[i]) for i in inside])
      total += len(inside) / 300 * abs(hits - confidence)
  assert total > 0.2
  found = scores.expected_calibration_error(p, y)
  assert found == pytest.approx(total)


def test_honest_confidence_has_no_calibration_error():
  p = np.tile([0.75, 0.25], (8, 1))
  y = np.array([0, 0, 0, 1] * 2)
  assert scores.expected_calibration_error(p, y) == 0.0
  assert scores.expected_calibration_error(np.eye(2)[1 - y], y) == 1.0


def test_the_summary_of_logits_is_that_of_their_predictions():
  logits, y = (
    RNG.normal(size=(90, 4)).astype(np.float32),
    RNG.integers(4, size=90),
  )
  predicted = [max(range(4), key=lambda k, row=row: row[k]) for row in logits]
  found = scores.summary(logits, y)
  error = found.pop('calibration_error')
  confusion = _confusion(y, predicted, 4)
  assert found == scores.classification(confusion)._asdict()
  p = np.exp(logits.astype(np.float64))
  p /= p.sum(axis=1, keepdims=True)
  assert error == pytest.approx(scores.expected_calibration_error(p, y))
  assert all(type(value) is float for value in found.values())
