"""What each validator would have chosen, beside the choice that counts."""

import math
from typing import Any, NamedTuple

import numpy as np

from da_jax.journal import VALIDATORS
from da_jax.report import figures, summary
from da_jax.report.curves import series
from da_jax.report.folder import Lines

TITLE = 'What each validator would have chosen'
COLUMNS = (
  'validator',
  'step',
  'target accuracy (for reporting only)',
  'regret',
  'rank correlation',
)
NOTE = (
  'All but the step needs target labels and chooses nothing. Regret: points to'
  " the oracle. Rank correlation: Spearman's of scores and target accuracies,"
  ' over three evaluations or more.'
)
_ACROSS = 5  # plots in a row


class Choice(NamedTuple):
  """One line of the table, formatted for people."""

  name: str
  step: str
  accuracy: str  # on the target test set
  regret: str  # points that the oracle is better
  correlation: str
  counts: bool  # whether its choice is the selected one


def choices(results: summary.Results) -> list[Choice]:
  """The table; without lines where no validator was computed."""
  return [
    Choice(
      name,
      '–' if choice['step'] is None else str(choice['step']),
      summary.percent(choice['target_accuracy']),
      _fixed(choice['regret'], 100, 1),
      _fixed(choice['rank_correlation'], 1, 2),
      name == results['selected_by'],
    )
    for name, choice in results.get('validators', {}).items()
  ]


def verdict(results: summary.Results) -> str | None:
  """What the selecting validator says of method and baseline, if it can."""
  baseline, name = results.get('baseline') or {}, results['selected_by']
  before = baseline.get('last_scores', {}).get(name)
  after = results.get('validators', {}).get(name, {}).get('last_score')
  if before is None or after is None:
    return None
  method, other = map(
    summary.display_name, (results['method'], baseline['method'])
  )
  says = f'it would prefer {method if after > before else other}'
  if after == before:
    says = 'it sees no difference'
  return (
    f'Without target labels, {name} gives {method} {after:.4g} and {other}'
    f' {before:.4g} at the last step, higher is better: {says}.'
  )


def curves(
  lines: Lines, before: Lines, results: dict[str, Any]
) -> figures.Picture | None:
  """Draws the scores of all validators over steps, each on its own scale.

  Args:
    lines: the run's metrics.
    before: the baseline's metrics, or nothing.
    results: the content of results.json.

  Returns:
    The plots as one picture, or None where there are no scores.
  """
  found, earlier = series(lines), series(before)
  names = [
    name for name in results.get('validators', {}) if _key(name) in found
  ]
  if not names:
    return None
  rows = math.ceil(len(names) / _ACROSS)
  with figures.style():
    figure = figures.new(11, 0.3 + 1.75 * rows)
    grid = figure.subplots(rows, _ACROSS, sharex=True, squeeze=False)
    for axes in grid.flat[len(names) :]:
      axes.set_visible(False)
    for axes, name in zip(grid.flat, names, strict=False):
      _small(
        axes,
        found[_key(name)],
        earlier.get(_key(name)),
        results['validators'][name]['step'],
      )
      weight = 'bold' if name == results['selected_by'] else 'normal'
      axes.set_title(name, loc='left', fontweight=weight)
    return figures.svg(
      figure,
      f'Scores over steps of {len(names)} validators: {", ".join(names)}.',
    )


def _key(name: str) -> str:
  return VALIDATORS + name


def _small(
  axes, curve: np.ndarray, before: np.ndarray | None, chosen: int | None
) -> None:
  """One validator; a point marks its choice."""
  if before is not None:
    axes.plot(*before.T, '--', color='#888888')
  axes.plot(*curve.T, color=figures.COLOURS[0])
  at = curve[curve[:, 0] == chosen]
  axes.plot(*at.T, 'o', color=figures.COLOURS[3], markersize=6)
  axes.grid(axis='y')
  axes.locator_params(nbins=4)
  axes.tick_params(labelsize=8)


def _fixed(value: float | None, factor: float, digits: int) -> str:
  """A number with as many decimals; a dash for what was not measured."""
  if value is None:
    return '–'
  # + 0.0 turns -0.0 into 0.0.
  text = f'{round(factor * value, digits) + 0.0:.{digits}f}'
  return text.replace('-', '\N{MINUS SIGN}')
