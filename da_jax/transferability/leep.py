"""Log expected empirical prediction (LEEP).

Nguyen et al., "LEEP: A New Measure to Evaluate Transferability of Learned
Representations", ICML 2020, https://arxiv.org/abs/2002.12462.
"""

import numpy as np


def leep(p_source: np.ndarray, y: np.ndarray) -> float:
  """mean_i log sum_z P(y_i | z) p_iz, P(y, z) = sum_{i: y_i = y} p_iz / n.

  It is the mean log-likelihood of a classifier that reads the classes of the
  source and only counts. At most 0.

  Args:
    p_source: [n, source classes] probabilities of the source head.
    y: int [n] target labels.
  """
  p = np.asarray(p_source, np.float64)
  classes, y = np.unique(y, return_inverse=True)
  joint = np.zeros((len(classes), p.shape[1]))
  np.add.at(joint, y, p / len(p))
  total = joint.sum(axis=0)
  # A source class that is never predicted adds nothing, whatever it implies.
  conditional = joint / np.where(total > 0, total, 1.0)
  return float(np.mean(np.log(np.sum(conditional[y] * p, axis=1))))
