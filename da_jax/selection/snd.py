"""Soft neighbourhood density (SND).

Saito et al., "Tune it the Right Way: Unsupervised Validation of Domain
Adaptation via Soft Neighborhood Density", ICCV 2021,
https://arxiv.org/abs/2108.10860.
"""

import math

import numpy as np

from da_jax.selection.evidence import Evidence, draw, one_class, validator

_TEMPERATURE = 0.05  # the paper's


@validator
def snd(evidence: Evidence) -> float:
  """Mean entropy of the similarities of each target example to all others.

  u_i = p_i / ||p_i||, S_ij = <u_i, u_j> / 0.05 for j != i, and the score is
  mean_i H(softmax_j S_ij), in [0, log(m - 1)]: high where neighbourhoods are
  dense. An example is left out of its own neighbourhood; the authors' code
  gives it the similarity -1 instead. Of more than 2000 examples 2000 are
  drawn, so that scores compare within a run, not across numbers of examples.
  NaN where the target is predicted as one class, which would score best.
  """
  from scipy import special

  if one_class(evidence.logits_t):
    return math.nan
  (logits,) = draw(evidence.logits_t)
  p = special.softmax(logits, axis=1)
  u = p / np.linalg.norm(p, axis=1, keepdims=True)
  similarity = u @ u.T / _TEMPERATURE
  np.fill_diagonal(similarity, -np.inf)
  return special.entr(special.softmax(similarity, axis=1)).sum(axis=1).mean()
