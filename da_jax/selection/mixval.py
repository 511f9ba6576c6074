"""MixVal: whether mixed target inputs get the prediction of their larger part.

Hu et al., "Mixed Samples as Probes for Unsupervised Model Selection in Domain
Adaptation", NeurIPS 2023, https://openreview.net/forum?id=ackajXqei2.
Deviations: of all pairs of a shuffled target the authors score those that one
pass over batches of 128 happens to hold, here both kinds are drawn to equal
numbers; and they rank models by the mean of two ranks, which a choice among
evaluations still to come cannot do. `mixval` is the mean of the two accuracies;
`agreement.mean_ranks` of the two scores is the authors' order of finished ones.
"""

import math

import numpy as np

from da_jax.selection.evidence import LIMIT, Evidence, one_class, validator


@validator
def mixval_intra(evidence: Evidence) -> float:
  """Accuracy on mixtures of two examples that are predicted as one class.

  mean_ij [argmax f(.55 x_i + .45 x_j) = yhat_i], yhat_i = yhat_j, in [0, 1]:
  whether what lies between the examples of a cluster belongs to it. NaN without
  mixtures, and where the target is predicted as one class, which would score
  best.
  """
  return _accuracies(evidence)[0]


@validator
def mixval_inter(evidence: Evidence) -> float:
  """Accuracy on mixtures of two examples that are predicted as two classes.

  mean_ij [argmax f(.55 x_i + .45 x_j) = yhat_i], yhat_i != yhat_j, in [0, 1]:
  whether the boundary lies in the middle between two clusters. NaN likewise.
  """
  return _accuracies(evidence)[1]


@validator
def mixval(evidence: Evidence) -> float:
  """The mean of `mixval_intra` and `mixval_inter`, in [0, 1]."""
  return np.mean(_accuracies(evidence))


def draw_pairs(logits: np.ndarray, limit: int = LIMIT) -> np.ndarray:
  """Rows to mix: half of them of one predicted class, half of two.

  Both come in a fixed random order; the second of a pair is the next in that
  order, cyclically, of the class or of another one. Where there are too few
  pairs, rows paired with themselves make up the number, so that it depends on n
  alone.

  Args:
    logits: [n, k].
    limit: pairs at most.

  Returns:
    int64 [min(n, limit), 2].
  """
  predicted, count = np.argmax(logits, axis=1), min(len(logits), limit)
  order = np.random.default_rng(0).permutation(len(logits))
  within, across = np.empty_like(order), order
  for k in np.unique(predicted):
    members = order[predicted[order] == k]
    within[members] = np.roll(members, -1)
  # Where runs of one class begin in the order: each run's partner is the next.
  classes = predicted[order]
  starts = np.flatnonzero(classes != np.roll(classes, 1))
  if starts.size:
    run = np.searchsorted(starts, np.arange(len(order)), side='right')
    across = order[starts[run % len(starts)]]
  pairs = []
  for partners in (within[order], across):
    different = order != partners
    both = np.stack([order, partners], axis=1)[different]
    pairs.append(both[: count // 2])
  alone = np.arange(count - sum(map(len, pairs)))
  return np.concatenate([*pairs, np.stack([alone, alone], axis=1)])


def _accuracies(evidence: Evidence) -> tuple[float, float]:
  """On mixtures of one predicted class and of two."""
  if evidence.pairs is None or one_class(evidence.logits_t):
    return math.nan, math.nan
  first, second = np.argmax(evidence.logits_t, axis=1)[evidence.pairs.T]
  right = np.argmax(evidence.logits_mixed, axis=1) == first
  mixed = evidence.pairs[:, 0] != evidence.pairs[:, 1]
  return tuple(
    float(np.mean(right[kind])) if kind.any() else math.nan
    for kind in (mixed & (first == second), first != second)
  )
