"""Scores of predictions whose labels are known.

ECE: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017,
https://arxiv.org/abs/1706.04599. HOS: Bucci, Loghmani and Tommasi, "On the
Effectiveness of Image Rotation for Open Set Domain Adaptation", ECCV 2020,
https://arxiv.org/abs/2007.12360. H-score: Fu et al., "Learning to Detect Open
Classes for Universal Domain Adaptation", ECCV 2020,
https://doi.org/10.1007/978-3-030-58555-6_34.
"""

from typing import NamedTuple

import numpy as np

from da_jax import evaluate


class Scores(NamedTuple):
  """Of a confusion matrix, in [0, 1]; macro is the mean over classes.

  Recall has two other names: macro it is `mean_class_accuracy`, weighted by the
  examples of the classes it is `accuracy`.
  """

  accuracy: float
  mean_class_accuracy: float
  precision_macro: float
  recall_macro: float
  f1_macro: float
  precision_weighted: float
  recall_weighted: float
  f1_weighted: float


class OpenSetScores(NamedTuple):
  """Of known classes and one unknown, in [0, 1]."""

  os: float  # mean accuracy of the known classes and the unknown one
  os_star: float  # of the known classes
  unk: float  # accuracy on the unknown class
  hos: float  # harmonic mean of os_star and unk
  h_score: float  # that of the accuracy on all known examples and unk


def classification(confusion: np.ndarray) -> Scores:
  """Scores of a confusion matrix.

  Classes without examples do not count in means over classes. The precision of
  a class that is never predicted is 0.

  Args:
    confusion: int [k, k], rows labels, columns predictions.

  Raises:
    ValueError: it counts nothing.
  """
  from sklearn import metrics

  present = np.flatnonzero(_per_class_counts(confusion))
  y, predicted = (cells.ravel() for cells in np.indices(confusion.shape))
  means = {}
  for average in ('macro', 'weighted'):
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
      y,
      predicted,
      labels=present,
      average=average,
      sample_weight=confusion.ravel(),
      zero_division=0.0,
    )
    means[average] = float(precision), float(recall), float(f1)
  macro, weighted = means['macro'], means['weighted']
  return Scores(
    accuracy=weighted[1],
    mean_class_accuracy=macro[1],
    precision_macro=macro[0],
    recall_macro=macro[1],
    f1_macro=macro[2],
    precision_weighted=weighted[0],
    recall_weighted=weighted[1],
    f1_weighted=weighted[2],
  )


def open_set(confusion: np.ndarray) -> OpenSetScores:
  """OS, OS*, UNK, HOS = 2 OS* UNK / (OS* + UNK) and the H-score.

  OS* is the mean over known classes; the H-score has in its place the accuracy
  on the examples of known classes, a = their hits over their number.

  Args:
    confusion: int [k + 1, k + 1], rows labels, columns predictions; the last
      class is the unknown one. Known classes without examples do not count.

  Returns:
    The scores; `unk` and both harmonic means are NaN without unknown examples,
    `os_star` and both without known ones. They are 0 where either part is.

  Raises:
    ValueError: it counts nothing.
  """
  totals = _per_class_counts(confusion)
  accuracies = np.full(len(totals), np.nan)
  np.divide(np.diag(confusion), totals, out=accuracies, where=totals > 0)
  known = accuracies[:-1][totals[:-1] > 0]
  os_star = float(known.mean()) if known.size else np.nan
  unk, count = float(accuracies[-1]), totals[:-1].sum()
  a = float(np.diag(confusion)[:-1].sum() / count) if count else np.nan
  return OpenSetScores(
    os=float(np.nanmean(accuracies)),
    os_star=os_star,
    unk=unk,
    hos=_harmonic_mean(os_star, unk),
    h_score=_harmonic_mean(a, unk),
  )


def summary(logits: np.ndarray, y: np.ndarray) -> dict[str, float]:
  """The scores of `classification` and the calibration error, for results.

  Args:
    logits: [n, k], n > 0.
    y: int [n].

  Returns:
    Name -> score, 'calibration_error' last.
  """
  from scipy import special

  p = special.softmax(np.asarray(logits, np.float64), axis=1)
  return {
    **classification(evaluate.confusion(logits, y))._asdict(),
    'calibration_error': expected_calibration_error(p, y),
  }


def expected_calibration_error(
  probabilities: np.ndarray, y: np.ndarray, bins: int = 15
) -> float:
  """ECE, sum_b |B_b| / n |accuracy(B_b) - confidence(B_b)|, in [0, 1].

  Bins of the highest probability have equal width, (b / bins, (b + 1) / bins].

  Args:
    probabilities: [n, k].
    y: int [n].
    bins: how many.
  """
  p = np.asarray(probabilities, np.float64)
  confidence = p.max(axis=1)
  gap = (np.argmax(p, axis=1) == y) - confidence
  edges = np.arange(1, bins) / bins
  places = np.digitize(confidence, edges, right=True)
  return float(np.abs(np.bincount(places, weights=gap)).sum() / len(p))


def _harmonic_mean(a: float, b: float) -> float:
  return 0.0 if a + b == 0 else 2 * a * b / (a + b)


def _per_class_counts(confusion: np.ndarray) -> np.ndarray:
  totals = confusion.sum(axis=1)
  if not totals.any():
    raise ValueError('a confusion matrix without examples')
  return totals
