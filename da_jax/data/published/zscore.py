"""The usual preparation of shallow features: rows to shares, then z-scores.

As in Gong, Shi, Sha, Grauman, "Geodesic Flow Kernel for Unsupervised Domain
Adaptation", CVPR 2012: each domain by its own statistics, so that the means of
the domains agree.
"""

import numpy as np

from da_jax.data.pair import DomainPair, Examples

_PARTS = {
  'source': ('source_train', 'source_val'),
  'target': ('target_train', 'target_test'),
}


def fit(pair: DomainPair) -> DomainPair:
  """Prepares all parts by what is learnt from those that train.

  A row becomes `(x / sum|x| - mean) / std`, with the mean and the standard
  deviation of its domain's training rows; a feature that is the same in all of
  them has a std of 1.

  Args:
    pair: of rows, numbers of any type [n, d].

  Returns:
    The pair with rows float32 [n, d], and `fitted` with `source_mean`,
    `source_std`, `target_mean` and `target_std`, float32 [d].
  """
  fitted, parts = {}, {}
  for domain, names in _PARTS.items():
    train = _shares(getattr(pair, names[0]).x)
    mean, std = train.mean(0), train.std(0)
    std = np.where(std > 0, std, 1)
    fitted[f'{domain}_mean'] = mean.astype(np.float32)
    fitted[f'{domain}_std'] = std.astype(np.float32)
    done = {}  # where the target trains and tests alike, it stays one object
    for name in names:
      part = getattr(pair, name)
      if id(part) not in done:
        rows = (_shares(part.x) - mean) / std
        done[id(part)] = Examples(rows.astype(np.float32), part.y)
      parts[name] = done[id(part)]
  return pair._replace(**parts, fitted=fitted)


def _shares(x: np.ndarray) -> np.ndarray:
  """Rows over their absolute sums, float64 [n, d]; empty rows stay empty."""
  x = np.asarray(x, np.float64)
  sums = np.abs(x).sum(1, keepdims=True)
  return x / np.where(sums > 0, sums, 1)
