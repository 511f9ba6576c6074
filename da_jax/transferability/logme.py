"""Log maximum evidence (LogME).

You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer
Learning", ICML 2021, https://arxiv.org/abs/2102.11005. Steps, constants and
stopping rule are those of `_fit_icml` in the authors' code, so that values
compare; its default, a fixed point published later, is wrong for n < d.
"""

import numpy as np

_STEPS = 11
_TOLERANCE = 0.01  # relative change of alpha / beta
_EPSILON = 1e-5  # keeps a perfect fit finite


def logme(features: np.ndarray, y: np.ndarray) -> float:
  """Mean over classes of max_{alpha, beta} log p(t | F, alpha, beta) / n.

  t = [y = class], p = N(t; F w, I / beta) with w ~ N(0, I / alpha):
  (d log alpha + n log beta - log|A| - beta ||F m - t||^2 - alpha ||m||^2
  - n log 2 pi) / 2n with A = alpha I + beta F^T F, m = beta A^-1 F^T t.

  Args:
    features: [n, d].
    y: int [n] labels; classes without examples do not count.
  """
  f = np.asarray(features, np.float64)
  u, s, _ = np.linalg.svd(f, full_matrices=False)
  evidences = []
  for label in np.unique(y):
    t = (y == label).astype(np.float64)
    evidences.append(_evidence(u.T @ t, t @ t, s**2, *f.shape))
  return float(np.mean(evidences))


def _evidence(
  x: np.ndarray, square: float, s: np.ndarray, n: int, d: int
) -> float:
  """The log evidence of one class a row, at its maximum.

  Args:
    x: coordinates of t along the left singular vectors.
    square: ||t||^2.
    s: eigenvalues of F^T F that can differ from 0; the other d - len(s) are 0.
    n: rows.
    d: columns.
  """
  outside = max(square - x @ x, 0.0)  # of t, beyond the reach of the features
  alpha = beta = ratio = 1.0
  for _ in range(_STEPS):
    gamma = np.sum(s / (s + ratio))
    # m = V (S / (S^2 + ratio)) x, the residual keeps ratio / (S^2 + ratio).
    weight = np.sum(s * x**2 / (s + ratio) ** 2) + _EPSILON
    error = np.sum((ratio * x / (s + ratio)) ** 2) + outside + _EPSILON
    alpha, beta = gamma / weight, (n - gamma) / error
    change = abs(alpha / beta - ratio) / ratio
    ratio = alpha / beta
    if change < _TOLERANCE:
      break
  log_det = np.sum(np.log(alpha + beta * s)) + (d - len(s)) * np.log(alpha)
  fit = beta * error + alpha * weight + n * np.log(2 * np.pi)
  return (d * np.log(alpha) + n * np.log(beta) - log_det - fit) / (2 * n)
