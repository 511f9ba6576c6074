"""Ranks of methods over tasks, and which of them differ.

Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR
7, 2006: Friedman's test in the form of Iman and Davenport, then Nemenyi's.
"""

from collections.abc import Mapping, Sequence
import statistics
from typing import Any, NamedTuple

import numpy as np

from da_jax.report import figures, summary
from da_jax.report.matrix import Rows

METHODS, TASKS = 3, 6  # with fewer the tests say nothing
ALPHA = 0.05
Scores = Mapping[
  str, Sequence[float]
]  # by method, one a task, higher is better


class Ranking(NamedTuple):
  """Methods over tasks, the best first."""

  names: tuple[str, ...]
  ranks: tuple[float, ...]  # means over tasks, 1 is the best
  tasks: int
  p: float  # of Friedman's test: that all are alike
  critical_difference: float  # Nemenyi's, of two mean ranks


def scores(rows: Rows) -> dict[str, list[float]]:
  """Means over seeds at the last step, of methods that have all runs.

  Args:
    rows: of `matrix.row`.
  """
  tasks = list(dict.fromkeys(_task(row) for row in rows))
  without = incomplete(rows)
  found: dict[str, dict] = {}
  for row in rows:
    if row['method'] not in without:
      by_task = found.setdefault(row['method'], {})
      by_task.setdefault(_task(row), []).append(row['last'])
  return {
    method: [statistics.fmean(by_task[task]) for task in tasks]
    for method, by_task in found.items()
  }


def incomplete(rows: Rows) -> list[str]:
  """Methods without results of some task and seed that the matrix has.

  What is missing may have diverged: a mean over the rest flatters.

  Args:
    rows: of `matrix.row`.
  """
  wanted = {(_task(row), row['seed']) for row in rows}
  return [
    method
    for method in dict.fromkeys(row['method'] for row in rows)
    if wanted
    != {
      (_task(row), row['seed'])
      for row in rows
      if row['method'] == method and row['last'] != ''
    }
  ]


def _task(row: Mapping[str, Any]) -> tuple[str, str]:
  return row['source'], row['target']


def too_few(scores: Scores) -> str | None:
  """Why there is nothing to rank, in a sentence; None where there is."""
  tasks = min(map(len, scores.values()), default=0)
  if len(scores) >= METHODS and tasks >= TASKS:
    return None
  return (
    f'Ranks are compared over {TASKS} tasks or more and {METHODS} methods or'
    f' more that have all tasks and seeds; here are {tasks} tasks and'
    f' {len(scores)} such methods.'
  )


def rank(scores: Scores) -> Ranking:
  """Mean ranks, Friedman's test and Nemenyi's critical difference.

  chi2 = 12 N / (k (k + 1)) (sum_j R_j^2 - k (k + 1)^2 / 4), of N tasks and k
  methods with mean ranks R_j, equal scores sharing theirs;
  F = (N - 1) chi2 / (N (k - 1) - chi2) with k - 1 and (k - 1)(N - 1) degrees;
  CD = q_.05 (k (k + 1) / (6 N))^.5, q the studentised range over 2^.5.

  Args:
    scores: of at least two methods.
  """
  from scipy import stats

  k, n = np.shape(list(scores.values()))
  ranks = stats.rankdata(-np.array(list(scores.values())), axis=0).mean(1)
  chi2 = 12 * n / (k * (k + 1)) * ((ranks**2).sum() - k * (k + 1) ** 2 / 4)
  rest = n * (k - 1) - chi2
  f = np.inf if np.isclose(rest, 0) else (n - 1) * chi2 / rest
  p = stats.f.sf(f, k - 1, (k - 1) * (n - 1))
  q = stats.studentized_range.ppf(1 - ALPHA, k, np.inf) / np.sqrt(2)
  order = np.argsort(ranks, kind='stable')
  return Ranking(
    tuple(np.array(list(scores))[order].tolist()),
    tuple(ranks[order].tolist()),
    n,
    float(p),
    float(q * np.sqrt(k * (k + 1) / (6 * n))),
  )


def groups(ranking: Ranking) -> list[tuple[int, int]]:
  """Longest runs of methods (first and last place) that do not differ."""
  ranks, found = ranking.ranks, []
  for first, low in enumerate(ranks):
    last = max(
      place
      for place, high in enumerate(ranks)
      if high - low <= ranking.critical_difference
    )
    if last > first and (not found or last > found[-1][1]):
      found.append((first, last))
  return found


def words(ranking: Ranking) -> str:
  """What the tests say, in two sentences."""
  says = 'the methods differ' if ranking.p < ALPHA else 'no difference is shown'
  text = (
    f'Mean ranks over {ranking.tasks} tasks, 1 is the best. Friedman’s test'
    f' (Iman and Davenport): p {summary.p_value(ranking.p)}, {says}. '
  )
  if ranking.p >= ALPHA:
    return text + 'Pairs are not to be compared then.'
  return text + (
    f'Bars join methods whose ranks are no further apart than Nemenyi’s'
    f' critical difference, {ranking.critical_difference:.2f}.'
  )


def plot(ranking: Ranking) -> figures.Picture:
  """Draws Demšar's diagram: an axis of ranks, names, bars, the difference.

  Without the last two where Friedman's test finds none: see `words`.
  """
  k = len(ranking.names)
  differ = ranking.p < ALPHA
  bars = groups(ranking) if differ else []
  depth = 0.5 + 0.35 * len(bars)  # where names begin
  left = (k + 1) // 2
  with figures.style():
    figure = figures.new(4.6, 1.1 + 0.3 * (depth + 0.8 * left))
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(1 - 0.35 * k, k + 0.35 * k)
    axes.set_ylim(depth + 0.8 * left, -1.9)
    _axis(axes, k)
    if differ:
      _length(axes, ranking.critical_difference)
    for place, (low, high) in enumerate(bars):
      ends = (ranking.ranks[low] - 0.03, ranking.ranks[high] + 0.03)
      y = 0.35 * (place + 1)
      axes.plot(ends, (y, y), color=figures.COLOURS[0], linewidth=4)
    for place, (name, value) in enumerate(
      zip(ranking.names, ranking.ranks, strict=True)
    ):
      is_left = place < left
      y = depth + 0.8 * (place if is_left else k - 1 - place) + 0.3
      end = 1 - 0.05 * k if is_left else k + 0.05 * k
      axes.plot((value, value, end), (0, y, y), color='#1c1c1c', linewidth=1)
      axes.text(
        end + (-0.03 if is_left else 0.03) * k,
        y,
        f'{figures.shorten(summary.display_name(name))} {value:.2f}',
        ha='right' if is_left else 'left',
        va='center',
      )
    return figures.svg(
      figure,
      'Mean ranks: '
      + ', '.join(
        f'{name} {value:.2f}'
        for name, value in zip(ranking.names, ranking.ranks, strict=True)
      ),
    )


def _axis(axes, k: int) -> None:
  """Ranks from 1 to k."""
  axes.plot((1, k), (0, 0), color='#1c1c1c', linewidth=1)
  for value in range(1, k + 1):
    axes.plot((value, value), (0, -0.2), color='#1c1c1c', linewidth=1)
    axes.text(value, -0.3, str(value), ha='center', va='bottom')


def _length(axes, difference: float) -> None:
  """The length of the critical difference, above the axis."""
  axes.plot(
    (1, 1 + difference), (-1.2, -1.2), '|-', color='#555555', markersize=8
  )
  axes.text(1, -1.35, f'critical difference {difference:.2f}', va='bottom')
