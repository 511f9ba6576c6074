"""RankMe, a smooth rank of the features.

Garrido et al., "RankMe: Assessing the Downstream Performance of Pretrained
Self-Supervised Representations by Their Rank", ICML 2023,
https://arxiv.org/abs/2210.02885.
"""

import numpy as np

from da_jax.selection.evidence import Evidence, validator


@validator
def rankme(evidence: Evidence) -> float:
  """exp(-sum_k p_k log p_k), p = sigma / sum sigma, in [1, min(m, d)].

  sigma are the singular values of the target features [m, d], not centred.
  Deviation: 0 log 0 = 0 stands for the paper's p + 1e-7. 0 where all features
  are 0.
  """
  from scipy import special

  sigma = np.linalg.svd(evidence.features_t, compute_uv=False)
  if not sigma.any():
    return 0.0
  return np.exp(special.entr(sigma / sigma.sum()).sum())
