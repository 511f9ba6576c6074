"""Confidence and spread of the target predictions, and both: InfoMax.

Entropy as a validator: Morerio et al., "Minimal-Entropy Correlation Alignment
for Unsupervised Deep Domain Adaptation", ICLR 2018,
https://arxiv.org/abs/1711.10288. Their difference as information that the
prediction has of the input: Krause, Perona and Gomes, "Discriminative
Clustering by Regularized Information Maximization", NIPS 2010,
https://papers.nips.cc/paper/4154.
"""

import math

import numpy as np

from da_jax.selection.evidence import Evidence, one_class, validator


@validator
def entropy(evidence: Evidence) -> float:
  """Minus the mean entropy, mean_i sum_k p_ik log p_ik, in [-log k, 0].

  NaN where the target is predicted as one class, which would score best.
  """
  if one_class(evidence.logits_t):
    return math.nan
  return -_mean_entropy(_probabilities(evidence.logits_t))


@validator
def diversity(evidence: Evidence) -> float:
  """Entropy of the mean prediction, -sum_k q_k log q_k, in [0, log k].

  q = mean_i p_i. Best where the classes of the target are equally frequent,
  whether or not they are.
  """
  return _diversity(_probabilities(evidence.logits_t))


@validator
def infomax(evidence: Evidence) -> float:
  """Diversity minus mean entropy, H(mean_i p_i) - mean_i H(p_i) >= 0."""
  p = _probabilities(evidence.logits_t)
  return _diversity(p) - _mean_entropy(p)


def _probabilities(logits: np.ndarray) -> np.ndarray:
  from scipy import special

  return special.softmax(logits, axis=1)


def _mean_entropy(p: np.ndarray) -> float:
  from scipy import special

  return special.entr(p).sum(axis=1).mean()


def _diversity(p: np.ndarray) -> float:
  from scipy import special

  return special.entr(p.mean(axis=0)).sum()
