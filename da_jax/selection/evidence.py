"""What a validator may look at, and the contract that all of them keep."""

from collections.abc import Callable
import functools
import math
from typing import NamedTuple

import numpy as np

LIMIT = 2000  # examples that a cost growing with their square allows


class Evidence(NamedTuple):
  """One checkpoint as seen without target labels: they have no place here.

  Target examples are those of training, source examples those held out.
  """

  features_s: np.ndarray  # [n, d] of source validation
  logits_s: np.ndarray  # [n, k]
  y_s: np.ndarray  # int [n]
  features_t: np.ndarray  # [m, d] of the target
  logits_t: np.ndarray  # [m, k]
  features_train: np.ndarray | None = None  # [l, d] of source training
  # Mixtures of two of the target's m rows, see `mixval`.
  pairs: np.ndarray | None = None  # int [l, 2]
  logits_mixed: np.ndarray | None = None  # [l, k]


Validator = Callable[[Evidence], float]


def validator(score: Validator) -> Validator:
  """Makes a score keep the contract: float64, higher is better, no exception.

  The score is NaN where any number of the evidence is not finite, as after
  divergence, and where a domain has fewer than two examples.

  Args:
    score: of evidence in float64 that is finite.

  Returns:
    The same score of any evidence.
  """

  @functools.wraps(score)
  def guarded(evidence: Evidence) -> float:
    import threadpoolctl

    arrays = {
      name: np.asarray(array, np.float64)
      for name, array in evidence._asdict().items()
      if array is not None
    }
    if any(
      len(array) < 2 or not np.isfinite(array).all()
      for array in arrays.values()
    ):
      return math.nan
    for name in {'y_s', 'pairs'} & arrays.keys():
      arrays[name] = arrays[name].astype(np.int64)
    # Matrices this small gain nothing from threads, and on busy cores threads
    # that wait for each other take ten times as long.
    with threadpoolctl.threadpool_limits(1):
      return float(score(Evidence(**arrays)))

  return guarded


def one_class(logits: np.ndarray) -> bool:
  """Whether all examples are predicted as the same class."""
  return len(np.unique(np.argmax(logits, axis=1))) < 2


def draw(*arrays: np.ndarray, limit: int = LIMIT) -> tuple[np.ndarray, ...]:
  """The same random rows of every array, always the same ones.

  Args:
    *arrays: [n, ...] each.
    limit: rows that are kept at most.
  """
  if len(arrays[0]) <= limit:
    return arrays
  order = np.random.default_rng(0).permutation(len(arrays[0]))[:limit]
  return tuple(array[order] for array in arrays)
