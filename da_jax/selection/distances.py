"""How close the features of both domains are: minus two distances.

MMD: Gretton et al., "A Kernel Two-Sample Test", JMLR 13, 2012. Proxy
A-distance: Ben-David et al., "Analysis of Representations for Domain
Adaptation", NIPS 2006, https://papers.nips.cc/paper/2983. Domains can be close
and classes mixed up: neither knows of classes.
"""

import functools
import math

import jax
import numpy as np

from da_jax import losses
from da_jax.data.audit import shift
from da_jax.selection.evidence import Evidence, draw, validator

_EXAMPLES = 1000  # of a domain
_mmd = jax.jit(functools.partial(losses.mmd, estimator='unbiased'))


@validator
def mmd(evidence: Evidence) -> float:
  """Minus the unbiased squared MMD of `losses.mmd`, about 0 without shift.

  Its bandwidths follow the mean squared distance, so that features of another
  scale score the same. Of more than 1000 examples of a domain 1000 are drawn.
  NaN where all features coincide, which would score best.
  """
  z_s, z_t = _features(evidence)
  return math.nan if coincide(z_s, z_t) else -squared_mmd(z_s, z_t)


@validator
def a_distance(evidence: Evidence) -> float:
  """Minus the proxy A-distance, -max(0, 2 (1 - 2 err)), in [-2, 0].

  err is the 5-fold error of a linear classifier of domains on the 50 first
  principal components. Of more than 1000 examples of a domain 1000 are drawn.
  NaN where all features coincide, which would score best.
  """
  z_s, z_t = _features(evidence)
  if coincide(z_s, z_t):
    return math.nan
  return -shift.a_distance(*shift.reduce(z_s, z_t))


def _features(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
  (z_s,) = draw(evidence.features_s, limit=_EXAMPLES)
  (z_t,) = draw(evidence.features_t, limit=_EXAMPLES)
  return z_s, z_t


def squared_mmd(z_s: np.ndarray, z_t: np.ndarray) -> float:
  """What `mmd` is minus of, of all examples: [n, d], [m, d]."""
  return float(_mmd(z_s, z_t))


def coincide(z_s: np.ndarray, z_t: np.ndarray) -> bool:
  """Whether all rows of both domains, [n, d] and [m, d], are the same."""
  return bool((z_s == z_s[0]).all() and (z_t == z_s[0]).all())
