"""What a few seeds say: intervals, and whether a method beats another.

And what the test examples of one seed say of two models.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

ALPHA = 0.05  # two-sided
FEWEST = 3  # pairs that a verdict needs: of two the spread is hardly known
NO_EVIDENCE, HELPS, HURTS = 'no evidence', 'helps', 'negative transfer'
_WILCOXON = 6  # pairs: with fewer its least p-value is above ALPHA
_DUST = 1e-12  # of the values' size: what rounding errors stay below


class Summary(NamedTuple):
  """Values over seeds; no intervals of one seed or of equal values."""

  count: int
  mean: float
  std: float | None  # n - 1 in the denominator; None of one seed
  t_interval: tuple[float, float] | None  # 95 %, of the mean
  bootstrap_interval: tuple[float, float] | None
  worst: float  # the lowest


class Comparison(NamedTuple):
  """A method against a baseline over the same seeds."""

  difference: Summary  # method - baseline, seed by seed
  p_t: float | None  # paired t-test; None below three, or without spread
  p_wilcoxon: float | None  # signed ranks; None below six seeds
  verdict: str  # of `verdict`

  @property
  def p(self) -> float | None:
    """Of the claim that every test that applies finds a difference."""
    return max(
      (p for p in (self.p_t, self.p_wilcoxon) if p is not None), default=None
    )


def summarise(values: Sequence[float], *, bootstrap: bool = True) -> Summary:
  """Mean, spread and 95 % intervals of the mean.

  t: mean +- t_{.975, n-1} std / n^.5. Bootstrap: BCa, 9999 resamples; of
  few seeds it is too narrow, and the t interval is the one to trust. Values
  that are equal up to rounding say nothing of their spread: no interval.

  Args:
    values: one a seed, higher is better.
    bootstrap: False leaves out that interval, which takes most of the time.

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
  if np.ptp(values) <= _DUST * np.abs(values).max():
    return Summary(n, worst, 0.0, None, None, worst)
  std = float(values.std(ddof=1))
  half = float(stats.t.ppf(1 - ALPHA / 2, n - 1)) * std / np.sqrt(n)
  t_interval = (float(mean - half), float(mean + half))
  found = Summary(n, mean, std, t_interval, None, worst)
  if not bootstrap:
    return found
  low, high = stats.bootstrap(
    (values,),
    np.mean,
    confidence_level=1 - ALPHA,
    method='BCa',
    rng=np.random.default_rng(0),
  ).confidence_interval
  return found._replace(bootstrap_interval=(float(low), float(high)))


def compare(
  method: Sequence[float], baseline: Sequence[float], *, bootstrap: bool = True
) -> Comparison:
  """Tests whether a method is better or worse than a baseline.

  The verdict names a direction where every test that applies has p < .05,
  two-sided: from three seeds on the paired t-test, from six on Wilcoxon's as
  well. Differences that are equal up to rounding have no spread and no t-test.

  Args:
    method: values over seeds, higher is better.
    baseline: of the same seeds in the same order.
    bootstrap: as of `summarise`.

  Raises:
    ValueError: their numbers differ, there are none, or one is not finite.
  """
  if len(method) != len(baseline):
    raise ValueError(f'{len(method)} values against {len(baseline)}')
  size = np.abs([*method, *baseline]).max(initial=0)
  differences = _without_dust(np.subtract(method, baseline), _DUST * size)
  difference = summarise(differences, bootstrap=bootstrap)
  found = Comparison(difference, *_p_values(differences), NO_EVIDENCE)
  return found._replace(verdict=verdict(difference.mean, found.p))


def verdict(mean: float, p: float | None) -> str:
  """The direction of a mean difference with p < .05, else 'no evidence'."""
  if p is None or p >= ALPHA:
    return NO_EVIDENCE
  return HELPS if mean > 0 else HURTS


def mcnemar(repaired: int, broken: int) -> float:
  """McNemar's exact test of two models on the same examples, two-sided.

  min(1, 2 sum_{i <= min(r, b)} C(r + b, i) / 2^(r + b)): how likely counts so
  unequal are, where each example that one model alone gets right could as well
  be the other's. It takes the two models as they are: what another seed would
  train is not in it. McNemar, "Note on the sampling error of the difference
  between correlated proportions or percentages", Psychometrika, 1947.

  Args:
    repaired: r, examples that the second model alone gets right.
    broken: b, examples that the first model alone gets right.
  """
  from scipy import stats

  if not repaired + broken:  # they agree: nothing speaks for either
    return 1.0
  return float(stats.binomtest(repaired, repaired + broken, 0.5).pvalue)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
  """p-values adjusted to all tests that are looked at together.

  max_{j <= i} min(1, (m - j + 1) p_(j)) of the i-th smallest of m: the chance
  of any false finding is below what each is then compared with. Holm, "A
  simple sequentially rejective multiple test procedure", Scand. J. Stat., 1979.

  Args:
    p_values: None where nothing was tested, which does not count.
  """
  adjusted: list[float | None] = [None] * len(p_values)
  known = [place for place, p in enumerate(p_values) if p is not None]
  least = 0.0
  for rank, place in enumerate(sorted(known, key=lambda i: p_values[i])):
    least = max(least, min(1.0, (len(known) - rank) * p_values[place]))
    adjusted[place] = least
  return adjusted


def _without_dust(differences: np.ndarray, dust: float) -> np.ndarray:
  """Equal differences, and none, as they were before they were rounded."""
  if np.ptp(differences) <= dust:
    differences = np.full_like(differences, np.median(differences))
  return np.where(np.abs(differences) <= dust, 0.0, differences)


def _p_values(differences: np.ndarray) -> tuple[float | None, float | None]:
  """Those of the t-test and of Wilcoxon's, None where one does not apply."""
  from scipy import stats

  n = len(differences)
  p_t = p_wilcoxon = None
  if not differences.any():  # the same everywhere: nothing speaks for either
    return (1.0 if n >= FEWEST else None), (1.0 if n >= _WILCOXON else None)
  if n >= FEWEST and np.ptp(differences) > 0:
    p_t = float(stats.ttest_1samp(differences, 0.0).pvalue)
  if n >= _WILCOXON:
    p_wilcoxon = float(stats.wilcoxon(differences).pvalue)
  return p_t, p_wilcoxon
