"""Negative conditional entropy (NCE).

Tran, Nguyen and Hassner, "Transferability and Hardness of Supervised
Classification Tasks", ICCV 2019, https://arxiv.org/abs/1908.08142.
"""

import numpy as np


def nce(z: np.ndarray, y: np.ndarray) -> float:
  """-H(Y | Z) = sum_yz P(y, z) log P(y | z) of the counted joint, at most 0.

  Args:
    z: int [n] source labels or what the source head predicts.
    y: int [n] target labels of the same examples.
  """
  from scipy import special

  pairs = np.stack([z, y], axis=1)
  entropies = []
  for values in (pairs, pairs[:, :1]):
    _, counts = np.unique(values, axis=0, return_counts=True)
    entropies.append(special.entr(counts / len(values)).sum())
  of_both, of_z = entropies
  return float(of_z - of_both)
