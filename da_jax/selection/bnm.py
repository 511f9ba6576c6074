"""Nuclear norm of the target predictions.

The loss of Cui et al., "Towards Discriminability and Diversity: Batch
Nuclear-norm Maximization under Label Insufficient Situations", CVPR 2020,
https://arxiv.org/abs/2003.12237, as a validator by Musgrave, Belongie and Lim,
"Three New Validators and a Large-Scale Benchmark Ranking for Unsupervised
Domain Adaptation", 2022, https://arxiv.org/abs/2208.07360.
"""

import numpy as np

from da_jax.selection.evidence import Evidence, validator


@validator
def bnm(evidence: Evidence) -> float:
  """||P||_* / m with P [m, k] of probabilities, <= (min(m, k) / m)^.5.

  High where predictions are confident and spread over the classes.
  """
  from scipy import special

  p = special.softmax(evidence.logits_t, axis=1)
  return np.linalg.svd(p, compute_uv=False).sum() / len(p)
