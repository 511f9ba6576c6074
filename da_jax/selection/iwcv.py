"""Importance-weighted cross-validation (IWCV).

Sugiyama, Krauledat and Müller, "Covariate Shift Adaptation by Importance
Weighted Cross Validation", JMLR 8, 2007,
https://www.jmlr.org/papers/v8/sugiyama07a.html.
"""

import numpy as np

from da_jax.selection.density_ratio import density_ratio
from da_jax.selection.evidence import Evidence, draw, validator


@validator
def iwcv(evidence: Evidence) -> float:
  """Minus the weighted source risk, -mean_i w_i l_i <= 0.

  Weights are not normalised, as in the paper: where the domains do not overlap
  all of them vanish, and the risk with them, which looks like a good score.
  """
  w, loss = weights_and_losses(evidence)
  return -np.mean(w * loss)


def weights_and_losses(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
  """Density ratios of the features and cross-entropies of source validation.

  Of more than 2000 examples of source validation, the target or source training
  2000 are drawn.

  Args:
    evidence: float64 and finite.

  Returns:
    [min(n, 2000)] each.
  """
  from scipy import special

  z_s, logits_s, y_s = draw(
    evidence.features_s, evidence.logits_s, evidence.y_s
  )
  (z_t,), z_train = draw(evidence.features_t), evidence.features_train
  if z_train is not None:
    (z_train,) = draw(z_train)
  w = density_ratio(z_s, z_t, z_train)
  log_p = special.log_softmax(logits_s, axis=1)
  return w, -log_p[np.arange(len(log_p)), y_s]
