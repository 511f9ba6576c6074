"""H-score.

Bao et al., "An Information-Theoretic Approach to Transferability in Task
Transfer Learning", ICIP 2019, https://arxiv.org/abs/2212.10082.
"""

import numpy as np


def h_score(features: np.ndarray, y: np.ndarray) -> float:
  """tr(pinv(cov f) cov(E[f | y])), in [0, min(classes - 1, rank f)].

  Computed as sum_i ||mean of u over the class of i||^2 with f - mean f =
  U S V^T and u the rows of U, so that no covariance is inverted.

  Args:
    features: [n, d].
    y: int [n] labels.
  """
  f = np.asarray(features, np.float64)
  _, y, counts = np.unique(y, return_inverse=True, return_counts=True)
  u, s, _ = np.linalg.svd(f - f.mean(axis=0), full_matrices=False)
  rank = np.sum(s > s[0] * max(f.shape) * np.finfo(s.dtype).eps)
  sums = np.zeros((len(counts), rank))
  np.add.at(sums, y, u[:, :rank])
  return float(np.sum(sums**2 / counts[:, None]))
