"""How well a validator chose, once the oracle is known."""

from collections.abc import Sequence
import math

import numpy as np


def choose(scores: Sequence[float | None]) -> int | None:
  """Place of the highest score, the last of equals.

  Scores that saturate early, such as accuracy on the source, would otherwise
  choose the checkpoint that has adapted least.

  Args:
    scores: of a validator, one a checkpoint, in the order of training.

  Returns:
    The index; NaN or None is never chosen, and None means that there is
    nothing else.
  """
  scores = np.asarray(scores, np.float64)
  if np.isnan(scores).all():
    return None
  return int(np.flatnonzero(scores == np.nanmax(scores))[-1])


def regret(scores: Sequence[float], oracle: Sequence[float]) -> float:
  """max(oracle) - oracle[choose(scores)] >= 0.

  Where nothing is chosen the last one counts, as it does in a run.

  Args:
    scores: of a validator, one a checkpoint.
    oracle: accuracies of the same checkpoints on labelled target examples.

  Raises:
    ValueError: their numbers differ.
  """
  _check(scores, oracle)
  chosen = choose(scores)
  return float(max(oracle) - oracle[-1 if chosen is None else chosen])


def rank_correlation(scores: Sequence[float], oracle: Sequence[float]) -> float:
  """Spearman's correlation of scores and accuracies, in [-1, 1].

  Equal values share their mean rank; NaN and None rank below all.

  Args:
    scores: of a validator, one a checkpoint.
    oracle: accuracies of the same checkpoints on labelled target examples.

  Returns:
    The correlation, NaN where either is constant.

  Raises:
    ValueError: their numbers differ.
  """
  from scipy import stats

  _check(scores, oracle)
  scores = np.nan_to_num(
    np.asarray(scores, np.float64), nan=-np.inf, posinf=np.inf, neginf=-np.inf
  )
  if len(set(scores.tolist())) < 2 or len(set(oracle)) < 2:
    return math.nan
  return float(stats.spearmanr(scores, oracle).statistic)


def mean_ranks(*scores: Sequence[float | None]) -> np.ndarray:
  """Ranks by several validators, averaged: how MixVal joins its two.

  The lowest score has rank 1, equal ones share their mean rank, NaN and None
  rank below all. The ranks of few change with what else is ranked, so that
  they order checkpoints or runs that are finished.

  Args:
    *scores: of a validator each, one a checkpoint.

  Returns:
    float64 [checkpoints], higher is better.

  Raises:
    ValueError: their numbers differ.
  """
  from scipy import stats

  for other in scores[1:]:
    _check(scores[0], other)
  values = np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf)
  return stats.rankdata(values, axis=1).mean(axis=0)


def _check(scores: Sequence[float], oracle: Sequence[float]) -> None:
  if len(scores) != len(oracle):
    raise ValueError(f'{len(scores)} scores, {len(oracle)} accuracies')
