"""What a few seeds say: intervals, and whether a method beats another."""

from collections.abc import Sequence
from typing import NamedTuple
import warnings

import numpy as np

ALPHA = 0.05  # two-sided
_WILCOXON = 6  # pairs: with fewer its least p-value is above ALPHA


class Summary(NamedTuple):
  """Values over seeds; None where one seed does not tell."""

  count: int
  mean: float
  std: float | None  # n - 1 in the denominator
  t_interval: tuple[float, float] | None  # 95 %, of the mean
  bootstrap_interval: tuple[float, float] | None
  worst: float  # the lowest


class Comparison(NamedTuple):
  """A method against a baseline over the same seeds."""

  difference: Summary  # method - baseline, seed by seed
  p_t: float | None  # paired t-test; None with one seed
  p_wilcoxon: float | None  # signed ranks; None below six seeds
  verdict: str  # 'helps', 'no evidence' or 'negative transfer'


def summarise(values: Sequence[float]) -> Summary:
  """Mean, spread and 95 % intervals of the mean.

  t: mean +- t_{.975, n-1} std / n^.5. Bootstrap: BCa, 9999 resamples; of
  few seeds it is too narrow, and the t interval is the one to trust.

  Args:
    values: one a seed, higher is better.

  Raises:
    ValueError: there are none, or one is not finite.
  """
  from scipy import stats

  values = np.asarray(values, np.float64)
  if not values.size or not np.isfinite(values).all():
    raise ValueError(f'finite values, one or more, not {values.tolist()}')
  n, mean, worst = len(values), float(values.mean()), float(values.min())
  if n == 1:
    return Summary(1, mean, None, None, None, worst)
  if (values == values[0]).all():  # resamples would all be the same
    here = (worst, worst)
    return Summary(n, worst, 0.0, here, here, worst)
  std = float(values.std(ddof=1))
  half = float(stats.t.ppf(1 - ALPHA / 2, n - 1)) * std / np.sqrt(n)
  found = stats.bootstrap(
    (values,),
    np.mean,
    confidence_level=1 - ALPHA,
    method='BCa',
    rng=np.random.default_rng(0),
  ).confidence_interval
  bootstrap = (float(found.low), float(found.high))
  t_interval = (float(mean - half), float(mean + half))
  return Summary(n, mean, std, t_interval, bootstrap, worst)


def compare(method: Sequence[float], baseline: Sequence[float]) -> Comparison:
  """Tests whether a method is better or worse than a baseline.

  The verdict names a direction where every test that applies has p < .05,
  two-sided: the paired t-test and, from six seeds on, Wilcoxon's.

  Args:
    method: values over seeds, higher is better.
    baseline: of the same seeds in the same order.

  Raises:
    ValueError: their numbers differ, there are none, or one is not finite.
  """
  if len(method) != len(baseline):
    raise ValueError(f'{len(method)} values against {len(baseline)}')
  differences = np.subtract(method, baseline)
  difference = summarise(differences)
  p_values = _p_values(differences)
  tested = [p for p in p_values if p is not None]
  verdict = 'no evidence'
  if tested and max(tested) < ALPHA:
    verdict = 'helps' if difference.mean > 0 else 'negative transfer'
  return Comparison(difference, *p_values, verdict)


def _p_values(differences: np.ndarray) -> tuple[float | None, float | None]:
  """Those of the t-test and of Wilcoxon's, None where one does not apply."""
  from scipy import stats

  n = len(differences)
  if n == 1:
    return None, None
  if not differences.any():
    return 1.0, (1.0 if n >= _WILCOXON else None)
  with warnings.catch_warnings():
    # Equal differences have no spread: p is 0, as it should be.
    warnings.simplefilter('ignore', RuntimeWarning)
    p_t = float(stats.ttest_1samp(differences, 0.0).pvalue)
  if n < _WILCOXON:
    return p_t, None
  return p_t, float(stats.wilcoxon(differences).pvalue)
