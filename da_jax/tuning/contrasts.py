"""Whether two values of a factor differ, over the runs that both have.

Means over different seeds, or over other values of the other factors, differ
for these reasons as well: where runs failed, only pairs can be compared.
"""

from collections.abc import Sequence
import itertools
import statistics
from typing import NamedTuple

from da_jax.selection.statistics import ALPHA, Comparison, compare
from da_jax.tuning import factors
from da_jax.tuning.factors import Factor, Run, Setting


class Contrast(NamedTuple):
  """Two values of a factor over the same seeds."""

  factor: str
  high: str
  low: str
  found: Comparison  # high against low
  p: float | None  # of the t-test, for the pairs that were looked at
  shown: bool  # whether it is more than chance


def pairs(
  runs: Sequence[Run], place: int, first: str, second: str, which: str
) -> list[tuple[float, float]]:
  """By seed, the mean accuracies of two values over settings that both have.

  Args:
    runs: of an ablation.
    place: of the factor.
    first: a value of it.
    second: another.
    which: as of `factors.accuracy`.

  Returns:
    A pair a seed; none of a seed without two runs that differ in them alone.
  """
  found: dict[tuple[int, Setting], dict[str, float]] = {}
  for run in runs:
    if (value := factors.accuracy(run, which)) is not None:
      key = (run.seed, factors.without(run.setting, place))
      found.setdefault(key, {})[run.setting[place]] = value
  seeds: dict[int, list[tuple[float, float]]] = {}
  for (seed, _), by_value in found.items():
    if first in by_value and second in by_value:
      seeds.setdefault(seed, []).append((by_value[first], by_value[second]))
  return [
    tuple(map(statistics.fmean, zip(*values, strict=True)))
    for _, values in sorted(seeds.items())
  ]


def widest(
  varied: Sequence[Factor],
  runs: Sequence[Run],
  base: Setting | None,
  which: str,
) -> Contrast | None:
  """The values that differ most of those whose difference is shown, or of all.

  They are chosen by looking at all pairs of values, or at those with the base,
  so each p-value of the t-test is multiplied by their number (Bonferroni).

  Args:
    varied: what was varied.
    runs: all settings with all seeds.
    base: from which one factor at a time was varied; None: all of the grid.
    which: as of `factors.accuracy`.

  Returns:
    None where no two values have runs to compare.
  """
  looked_at = [
    (factor.name, one, other, values)
    for place, factor in enumerate(varied)
    for one, other in itertools.combinations(factor.values, 2)
    if base is None or base[place] in (one, other)
    if (values := pairs(runs, place, one, other, which))
  ]
  found = [_contrast(*each, len(looked_at)) for each in looked_at]
  shown = [contrast for contrast in found if contrast.shown]
  size = lambda contrast: contrast.found.difference.mean
  return max(shown or found, key=size, default=None)


def _contrast(
  name: str, one: str, other: str, values: list, looked_at: int
) -> Contrast:
  if statistics.fmean(a - b for a, b in values) < 0:
    one, other, values = other, one, [pair[::-1] for pair in values]
  found = compare(*zip(*values, strict=True))
  p = None if found.p_t is None else min(1.0, found.p_t * looked_at)
  shown = found.verdict == 'helps' and p is not None and p < ALPHA
  return Contrast(name, one, other, found, p, shown)
