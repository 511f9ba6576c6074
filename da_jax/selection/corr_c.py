"""Correlation of the predicted classes (SoftmaxCorr, Corr-C).

Tu et al., "What Does Softmax Probability Tell Us about Classifiers Ranking
Across Diverse Test Conditions?", TMLR 2024, https://arxiv.org/abs/2406.09908,
in its first form: "Assessing Model Out-of-distribution Generalization with
Softmax Prediction Probability Baselines and A Correlation Method", 2023,
https://openreview.net/forum?id=1maXoEyeqx.
"""

import math

import numpy as np

from da_jax.selection.evidence import Evidence, validator


@validator
def corr_c(evidence: Evidence) -> float:
  """Cosine of C = P^T P / m with the identity, tr C / (||C||_F k^.5).

  P [m, k] are target probabilities. In [k^-.5, 1]; 1 where predictions are
  certain and the classes equally frequent. The identity as reference presumes
  such a target, as diversity does.
  """
  from scipy import special

  p = special.softmax(evidence.logits_t, axis=1)
  c = p.T @ p / len(p)
  return np.trace(c) / (np.linalg.norm(c) * math.sqrt(len(c)))
