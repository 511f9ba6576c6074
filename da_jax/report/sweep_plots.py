"""Plots of a sweep: its course, what was tried, and what that did."""

from collections.abc import Sequence
import math

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState

from da_jax.report import figures
from da_jax.tuning import ranges as tuned
from da_jax.tuning.outcome import Row, Verdict, complete, reached
from da_jax.tuning.ranges import Ranges

_GREY = '#9a9a9a'
_COMPLETE, _PRUNED, _CHOSEN, _ORACLE = 'o', 'x', '*', 'D'
_ENOUGH = 4  # complete trials for importances


def course(rows: Sequence[Row], select: str) -> figures.Picture:
  """Scores by trial, and the best so far."""
  with figures.style():
    figure = figures.new(5.4, 3.6)
    axes = figure.add_subplot()
    _points(axes, rows, lambda row: row['trial'], lambda row: row['score'])
    ended = complete(rows)
    best = np.maximum.accumulate([row['score'] for row in ended])
    axes.step([r['trial'] for r in ended], best, where='post', label='best')
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel='trial', ylabel=f'score by {select}')
    axes.grid(axis='y')
    figure.legend(loc='outside lower left', ncols=3, fontsize=9)
    return figures.svg(figure, f'Scores by {select} of {len(rows)} trials.')


def against_oracle(
  rows: Sequence[Row], verdict: Verdict, select: str
) -> figures.Picture:
  """Scores against target accuracies, which chose nothing."""
  with figures.style():
    figure = figures.new(5.4, 3.6)
    axes = figure.add_subplot()
    accuracy = lambda row: 100 * row['selected']
    score = lambda row: row['score']
    _points(axes, reached(rows), score, accuracy)
    for row, marker, name, colour in (
      (verdict.oracle, _ORACLE, "oracle's trial", figures.COLOURS[3]),
      (verdict.chosen, _CHOSEN, 'chosen', figures.COLOURS[2]),
    ):
      axes.plot(
        score(row),
        accuracy(row),
        marker,
        color=colour,
        markersize=11 if marker == _CHOSEN else 8,
        label=f'{name}, trial {row["trial"]}',
      )
    axes.set(xlabel=f'score by {select}', ylabel='target accuracy (%)')
    axes.grid()
    figure.legend(loc='outside lower left', ncols=3, fontsize=9)
    return figures.svg(figure, 'Target accuracy of trials by their score.')


def slices(
  rows: Sequence[Row], ranges: Ranges, select: str
) -> list[figures.Picture]:
  """Scores by the values of each flag."""
  pictures = []
  for name, of in ranges.items():
    with figures.style():
      figure = figures.new(3.4, 2.8)
      axes = figure.add_subplot()
      place = lambda row, name=name, of=of: _place(of, row[name])
      _points(axes, rows, place, lambda row: row['score'])
      if isinstance(of, CategoricalDistribution):
        labels = [figures.shorten(v, 10) for v in of.choices]
        turned = 45 if sum(map(len, labels)) > 24 else 0
        axes.set_xticks(range(len(labels)), labels, rotation=turned)
        axes.set_xlim(-0.5, len(labels) - 0.5)
      else:
        axes.set_xscale('log' if of.log else 'linear')
        axes.set_xticks(*zip(*_ticks(of), strict=True))
        axes.minorticks_off()
      axes.set(xlabel=name, ylabel=f'score by {select}')
      axes.grid(axis='y')
      pictures.append(figures.svg(figure, f'Scores by values of {name}.'))
  return pictures


def parallel(
  rows: Sequence[Row], ranges: Ranges, select: str
) -> figures.Picture:
  """A line a complete trial over all flags, darker the higher its score."""
  from matplotlib import colormaps
  from matplotlib.cm import ScalarMappable
  from matplotlib.colors import Normalize

  ended = sorted(complete(rows), key=lambda row: row['score'])
  scores = [row['score'] for row in ended]
  scale = Normalize(min(scores), max(scores))
  colours = colormaps['viridis_r']
  with figures.style():
    figure = figures.new(max(5.4, 1.6 * (1 + len(ranges))), 3.8)
    axes = figure.add_subplot()
    for row in ended:
      heights = [tuned.share(of, row[name]) for name, of in ranges.items()]
      axes.plot(heights, color=colours(scale(row['score'])), linewidth=1.5)
    for place, of in enumerate(ranges.values()):
      axes.axvline(place, color='#666666', linewidth=0.8)
      for value, text in _ticks(of):
        axes.annotate(
          figures.shorten(text, 12),
          (place, tuned.share(of, value)),
          xytext=(4, 0),
          textcoords='offset points',
          va='center',
          fontsize=8,
          bbox={'color': 'white', 'alpha': 0.75, 'pad': 0.6},
        )
    axes.set_xticks(range(len(ranges)), [n.replace('_', '\n') for n in ranges])
    axes.set_xlim(-0.1, len(ranges) - 1 + 0.45)
    axes.set_yticks([])
    axes.spines[['left', 'bottom']].set_visible(False)
    figure.colorbar(ScalarMappable(scale, colours), ax=axes, label=select)
    return figures.svg(figure, f'Values and scores of {len(ended)} trials.')


def importances(study: optuna.Study) -> figures.Picture | None:
  """Which flags the score depends on, by fANOVA; None of too few trials.

  The share of the variance that a random forest fitted to the complete trials
  owes to each flag (Hutter, Hoos, Leyton-Brown, ICML 2014).
  """
  ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
  if len(ended) < _ENOUGH or len({trial.value for trial in ended}) == 1:
    return None
  found = get_param_importances(
    study, evaluator=FanovaImportanceEvaluator(seed=0)
  )
  names = list(reversed(found))
  with figures.style():
    figure = figures.new(5.4, 1.2 + 0.35 * len(names))
    axes = figure.add_subplot()
    bars = axes.barh(names, [100 * found[name] for name in names])
    axes.bar_label(bars, fmt='%.0f', padding=3)
    axes.set(xlabel='% of the variance of the score', xlim=(0, 108))
    return figures.svg(figure, 'Importance of each flag for the score.')


def _points(axes, rows: Sequence[Row], x, y) -> None:
  """Complete trials and pruned ones; failed ones have no score."""
  for state, marker, colour in (
    ('complete', _COMPLETE, figures.COLOURS[0]),
    ('pruned', _PRUNED, _GREY),
  ):
    shown = [r for r in rows if r['state'] == state and r['score'] is not None]
    if shown:
      points = ([x(row) for row in shown], [y(row) for row in shown])
      axes.plot(*points, marker, color=colour, label=state, markersize=5)


def _place(of: BaseDistribution, value) -> float:
  if isinstance(of, CategoricalDistribution):
    return of.choices.index(value)
  return value


def _ticks(of: BaseDistribution) -> list[tuple[float, str]]:
  """Values of a flag to write beside an axis: all, or ends and middle."""
  if isinstance(of, CategoricalDistribution):
    return [(value, value) for value in of.choices]
  middle = math.sqrt(of.low * of.high) if of.log else (of.low + of.high) / 2
  return [(value, f'{value:.2g}') for value in (of.low, middle, of.high)]
