"""What each validator would have chosen, beside the choice that counts."""

from typing import NamedTuple

from da_jax.journal import VALIDATORS
from da_jax.report import figures, plots, summary
from da_jax.report.curves import pair, series
from da_jax.report.folder import Run

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
  ' the oracle, of the last step where nothing was chosen. Rank correlation:'
  " Spearman's of scores and target accuracies, over three evaluations or more."
)


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


def curves(run: Run) -> list[figures.Picture]:
  """Draws the scores of each validator over steps; a point marks its choice."""
  found, earlier = series(run.metrics), series(run.before_metrics)
  return [
    plots.small(
      name,
      pair(VALIDATORS + name, found, earlier),
      chosen=choice['step'],
      bold=name == run.results['selected_by'],
    )
    for name, choice in run.results.get('validators', {}).items()
    if VALIDATORS + name in found
  ]


def _fixed(value: float | None, factor: float, digits: int) -> str:
  """A number with as many decimals; a dash for what was not measured."""
  if value is None:
    return '–'
  # + 0.0 turns -0.0 into 0.0.
  text = f'{round(factor * value, digits) + 0.0:.{digits}f}'
  return text.replace('-', '\N{MINUS SIGN}')
