"""Plots of an ablation: what values of a factor do, alone and in pairs."""

from collections.abc import Mapping, Sequence

import numpy as np

from da_jax.report import figures, summary
from da_jax.selection.statistics import Summary
from da_jax.tuning.factors import Factor

_LENGTH = 14  # of values beside an axis
_LINES = {  # which -> colour, line, marker, shift
  'last': (figures.COLOURS[0], '-', 'o', -0.06),
  'selected': (figures.COLOURS[3], '-', 's', 0.0),
  'oracle': ('#8a8a8a', '--', 'D', 0.06),
}

Effects = Mapping[str, Mapping[str, Summary | None]]


def main_effects(
  factors: Sequence[Factor], effects: Sequence[Effects]
) -> list[figures.Picture]:
  """Mean accuracy by value, with 95 % intervals over seeds.

  Args:
    factors: what was varied.
    effects: of each factor, by 'last', 'selected' and 'oracle', by value.

  Returns:
    A plot a factor, small enough for a phone, all on one scale.
  """
  limits, pictures = _limits(effects), []
  for factor, found in zip(factors, effects, strict=True):
    with figures.style():
      figure = figures.new(3.4, 3.1)
      axes = figure.add_subplot()
      _effect(axes, factor, found)
      axes.set(ylabel='target accuracy (%)', ylim=limits)
      figure.legend(loc='outside lower left', ncols=3, fontsize=9)
      alt = f'Mean accuracies by values of {factor.name}.'
      pictures.append(figures.svg(figure, alt))
  return pictures


def interaction(
  first: Factor,
  second: Factor,
  means: Mapping[tuple[str, str], float | None],
  which: str,
) -> figures.Picture:
  """Mean accuracy of each pair of values as a map with numbers."""
  table = np.array(
    [[means[a, b] for b in second.values] for a in first.values], np.float64
  )
  with figures.style():
    size = (1.9 + 0.85 * len(second.values), 1.5 + 0.5 * len(first.values))
    figure = figures.new(max(3.6, size[0]), max(2.4, size[1]))
    axes = figure.add_subplot()
    axes.imshow(100 * table, cmap='Blues', aspect='auto')
    known = table[np.isfinite(table)]
    # From here on the colours are so dark that black cannot be read.
    dark = known.min() + 0.6 * np.ptp(known) if known.size else 0.0
    for (row, column), mean in np.ndenumerate(table):
      text = '–' if np.isnan(mean) else f'{100 * mean:.1f}'
      colour = 'white' if mean > dark else '#222222'
      axes.text(column, row, text, ha='center', va='center', color=colour)
    plain = {'parse_math': False}
    axes.set_xticks(range(len(second.values)), _labels(second), **plain)
    axes.set_yticks(range(len(first.values)), _labels(first), **plain)
    axes.tick_params(length=0)
    axes.set(xlabel=second.name, ylabel=first.name)
    axes.set_title(f'{which}, %', loc='left')
    alt = f'Mean accuracies by {first.name} and {second.name}, {which} step.'
    return figures.svg(figure, alt)


def _limits(effects: Sequence[Effects]) -> tuple[float, float] | None:
  """Of accuracies in % with their intervals; None where all runs failed."""
  known = [
    end
    for found in effects
    for which in summary.PICKS
    for one in found[which].values()
    if one
    for end in (one.mean, *(_ends(one) if which != 'oracle' else ()))
  ]
  if not known:
    return None
  margin = max(1.0, 5 * (max(known) - min(known)))
  return 100 * min(known) - margin, 100 * max(known) + margin


def _ends(one: Summary) -> tuple[float, float]:
  return one.t_interval or (one.mean, one.mean)


def _effect(axes, factor: Factor, found: Effects) -> None:
  for which in summary.PICKS:
    colour, line, marker, shift = _LINES[which]
    places, means, lows, highs = [], [], [], []
    for place, value in enumerate(factor.values):
      if one := found[which].get(value):
        low, high = _ends(one)
        places.append(place + shift)
        means.append(100 * one.mean)
        lows.append(100 * (one.mean - low))
        highs.append(100 * (high - one.mean))
    axes.errorbar(
      places,
      means,
      # The oracle is no result: it has no interval to compare by.
      None if which == 'oracle' else (lows, highs),
      color=colour,
      linestyle=line,
      marker=marker,
      markersize=5,
      capsize=3,
      label=which,
    )
  labels = _labels(factor)
  turned = 30 if sum(map(len, labels)) > 24 else 0
  axes.set_xticks(range(len(labels)), labels, rotation=turned, parse_math=False)
  axes.set_xlim(-0.4, len(labels) - 0.6)
  axes.set_title(factor.name, loc='left', parse_math=False)
  axes.grid(axis='y')


def _labels(factor: Factor) -> list[str]:
  return [figures.shorten(value, _LENGTH) for value in factor.values]
