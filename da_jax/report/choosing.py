"""How well validators choose, over all runs of a matrix: for reports only.

All of it reads target labels. Beside the validators stands the last step: a
default that chooses nothing has to be beaten.
"""

from collections.abc import Iterable, Mapping, Sequence
import statistics
from typing import Any, NamedTuple

from da_jax.report import figures
from da_jax.selection import agreement

LAST = 'last step'
HEADER = (
  'chosen by',
  'runs',
  'mean regret',
  'worst regret',
  'correlation within runs',
  'correlation across runs',
)
NOTE = (
  'Regret: points that the best evaluated step of a run is better than the'
  ' chosen one, or than the last where a validator was never a number, as in'
  ' runs that collapsed. Correlation: Spearman’s, of scores and target'
  ' accuracy; within runs over their evaluations, across runs over the methods'
  ' and seeds of a task at the last step; means over runs and over tasks. Runs'
  ' with one evaluation leave nothing to choose and do not count. All of it'
  ' reads target labels and chooses nothing.'
)

Results = Sequence[Mapping[str, Any]]


class Chooser(NamedTuple):
  """What a way of choosing a step cost; None where nothing can be told."""

  name: str
  runs: int
  mean_regret: float  # share in [0, 1], as all accuracies
  worst_regret: float
  within: float | None  # mean over runs
  across: float | None  # mean over tasks


def choosers(results: Results) -> list[Chooser]:
  """All validators and the last step, the least mean regret first.

  Args:
    results: the contents of results.json; those with fewer than two
      evaluations, or without validators, do not count.

  Returns:
    One each, none where no run counts.
  """
  runs = [
    one
    for one in results
    if one.get('evaluations', 0) > 1 and one.get('validators')
  ]
  names = dict.fromkeys(name for one in runs for name in one['validators'])
  found = [_of_validator(name, runs) for name in names]
  if runs:
    found.append(_chooser(LAST, list(map(_of_last, runs)), None, None))
  known = [chooser for chooser in found if chooser is not None]
  return sorted(known, key=lambda chooser: chooser.mean_regret)


def words(found: Sequence[Chooser]) -> list[list[str]]:
  """The table, its header first; only that where there is nothing."""
  return [
    list(HEADER),
    *(
      [
        one.name,
        str(one.runs),
        f'{100 * one.mean_regret:.2f}',
        f'{100 * one.worst_regret:.1f}',
        _correlation(one.within),
        _correlation(one.across),
      ]
      for one in found
    ),
  ]


def plot(found: Sequence[Chooser]) -> figures.Picture | None:
  """Draws mean and worst regret, a line each way of choosing."""
  if not found:
    return None
  found = found[::-1]  # the best on top
  with figures.style():
    figure = figures.new(4.6, 0.8 + 0.26 * len(found))
    axes = figure.subplots()
    for place, one in enumerate(found):
      ends = (100 * one.mean_regret, 100 * one.worst_regret)
      colour = figures.COLOURS[3 if one.name == LAST else 0]
      axes.plot(ends, (place, place), color=colour, linewidth=1.5)
      axes.plot(ends[0], place, 'o', color=colour)
      axes.plot(ends[1], place, '|', color=colour, markersize=10)
    axes.set_yticks(range(len(found)), [one.name for one in found])
    axes.set_xlim(left=0)
    axes.set_xlabel('points to the oracle: mean (dot), worst (bar)')
    axes.grid(axis='x')
    return figures.svg(
      figure,
      f'Regret of {len(found)} ways of choosing a step, as in the table.',
    )


def _of_validator(name: str, runs: Results) -> Chooser | None:
  told = [(one, one['validators'].get(name)) for one in runs]
  # With 'why' the data are what it cannot be computed of.
  told = [(one, c) for one, c in told if c is not None and 'why' not in c]
  return _chooser(
    name,
    [_of_last(one) if c['regret'] is None else c['regret'] for one, c in told],
    _mean(_known(choice['rank_correlation'] for _, choice in told)),
    _mean(_across(name, runs)),
  )


def _of_last(one: Mapping[str, Any]) -> float:
  """The regret of the last step, which counts where nothing is chosen."""
  accuracy = one['target_accuracy']
  return accuracy['oracle'] - accuracy['last']


def _chooser(
  name: str,
  regrets: Sequence[float],
  within: float | None,
  across: float | None,
) -> Chooser | None:
  if not regrets:
    return None
  mean = statistics.fmean(regrets)
  return Chooser(name, len(regrets), mean, max(regrets), within, across)


def _across(name: str, runs: Results) -> list[float]:
  """Rank correlations at the last step, one a task of three runs or more."""
  by_task: dict[tuple[str, str], list[tuple[float | None, float]]] = {}
  for one in runs:
    if choice := one['validators'].get(name):
      pair = (choice['last_score'], one['target_accuracy']['last'])
      by_task.setdefault((one['source'], one['target']), []).append(pair)
  correlations = [
    agreement.rank_correlation(*zip(*pairs, strict=True))
    for pairs in by_task.values()
    if len(pairs) > 2
  ]
  return [value for value in correlations if value == value]  # not NaN


def _known(values: Iterable[float | None]) -> list[float]:
  return [value for value in values if value is not None]


def _mean(values: Sequence[float]) -> float | None:
  return statistics.fmean(values) if values else None


def _correlation(value: float | None) -> str:
  if value is None:
    return '–'
  return f'{value + 0.0:.2f}'.replace('-', '\N{MINUS SIGN}')
