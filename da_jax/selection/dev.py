"""Deep embedded validation (DEV).

You et al., "Towards Accurate Model Selection in Deep Unsupervised Domain
Adaptation", ICML 2019, https://proceedings.mlr.press/v97/you19a.html.
Deviation: the domain classifier is a logistic regression, the authors' a
network with hidden layers.
"""

import numpy as np

from da_jax.selection.evidence import Evidence, validator
from da_jax.selection.iwcv import weights_and_losses


@validator
def dev(evidence: Evidence) -> float:
  """Minus the weighted source risk with a control variate.

  The risk is `controlled_risk` of the weights and losses of `iwcv`.
  """
  return -controlled_risk(*weights_and_losses(evidence))


def controlled_risk(w: np.ndarray, loss: np.ndarray) -> float:
  """mean(w l) + eta mean(w) - eta, eta = -cov(w l, w) / var(w), ddof 1.

  As E w = 1 it estimates what mean(w l) does with less variance; it can be
  negative. Equal weights leave nothing to control: eta = 0.

  Args:
    w: [n] density ratios, n > 1.
    loss: [n].
  """
  covariance = np.cov(w * loss, w, ddof=1)
  variance = covariance[1, 1]
  eta = -covariance[0, 1] / variance if variance > 0 else 0.0
  return np.mean(w * loss) + eta * np.mean(w) - eta
