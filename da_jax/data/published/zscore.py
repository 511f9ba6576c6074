"""The usual preparation of shallow features: rows to shares, then z-scores.

As in Gong, Shi, Sha, Grauman, "Geodesic Flow Kernel for Unsupervised Domain
Adaptation", CVPR 2012: each domain by its own statistics, so that the means of
the domains agree.
"""

from collections.abc import Mapping

import numpy as np

from da_jax.data.own import standardise
from da_jax.data.pair import DomainPair, map_x


def fit(pair: DomainPair) -> DomainPair:
  """Prepares all parts by what is learnt from those that train.

  A row becomes `(x / sum|x| - mean) / std`, with the mean and the standard
  deviation of its domain's training rows; a feature that is the same in all of
  them has a std of 1.

  Args:
    pair: of rows, numbers of any type [n, d].

  Returns:
    The pair with rows float32 [n, d], and `fitted` with the `mean` and `std` of
    each domain, see `standardise.fit`.

  Raises:
    UserError: a feature has no finite number.
  """
  return standardise.fit(
    map_x(pair, _shares, _shares),
    columns=_columns(pair.source_train.x),
    missing='reject',
    outliers='keep',
    standardise='domain',
  )


def apply(fitted: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
  """Does to new rows [n, d] of the target what `fit` did to its parts."""
  return standardise.apply(fitted, _shares(x), _columns(x))


def _columns(x: np.ndarray) -> list[str]:
  return [f'feature {i}' for i in range(x.shape[1])]


def _shares(x: np.ndarray) -> np.ndarray:
  """Rows over their absolute sums, float64 [n, d]; empty rows stay empty."""
  x = np.asarray(x, np.float64)
  sums = np.abs(x).sum(1, keepdims=True)
  return x / np.where(sums > 0, sums, 1)
