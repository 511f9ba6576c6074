"""Results of a sweep: results.csv, table.md and a page with plots."""

from collections.abc import Sequence
import math

from da_jax import files
from da_jax.report import figures, matrix, sections, summary, sweep_plots
from da_jax.report.sections import Section
from da_jax.tuning import outcome, ranges
from da_jax.tuning.outcome import Row, Verdict
from da_jax.tuning.study import Sweep

_NO_LABELS = (
  'Target labels chose nothing: neither what was tried, nor what was given up,'
  ' nor the result. They are used here to say what that costs.'
)
_EVERY = (
  'The validator decides on the checkpoint of each trial and then on the trial;'
  ' regret is to the best of all trials and checkpoints, of those given up as'
  ' far as they ran.'
)


def write(sweep: Sweep, rows: Sequence[Row]) -> str:
  """Writes all into the folder of a sweep.

  Args:
    sweep: whose trials have ended.
    rows: of `outcome.rows`.

  Returns:
    The result in sentences, a line each.
  """
  verdict = outcome.verdict(rows)
  headlines = _sentences(sweep, rows, verdict)
  facts = sweep.facts
  found = Section('What was tried', lines=_tried(sweep), numbers=False)
  parts = [found, *_plots(sweep, rows, verdict)] if verdict else [found]
  report = sections.Report(
    f'Sweep of {facts["script"]} over {", ".join(sweep.ranges)}',
    headlines[1:2],
    _warnings(sweep, rows, verdict),
    (*headlines[:1], *headlines[2:], _NO_LABELS),
    (*parts, _trials(sweep, rows, verdict)),
  )
  with files.writing(sweep.folder):
    text = matrix.to_csv(rows, outcome.columns(sweep))
    files.write_atomically(sweep.folder / 'results.csv', text)
  sections.write(sweep.folder, report)
  return '\n'.join([*headlines, *report.warnings])


def _sentences(
  sweep: Sweep, rows: Sequence[Row], verdict: Verdict | None
) -> list[str]:
  states = [row['state'] for row in rows]
  counts = ', '.join(
    f'{states.count(state)} {state}'
    for state in ('complete', 'pruned', 'failed')
  )
  lines = [f'{len(rows)} trials: {counts}.']
  if verdict is None:
    return lines
  chosen, oracle, best = verdict.chosen, verdict.oracle, verdict.best
  values = ranges.shown({name: chosen[name] for name in sweep.ranges})
  select = sweep.facts['select']
  return [
    *lines,
    f'{select} chose trial {chosen["trial"]} ({values}):'
    f' {summary.percent(chosen["selected"])} on the target.',
    f'The oracle would have chosen trial {oracle["trial"]}:'
    f' {summary.percent(oracle["selected"])}; regret'
    f' {100 * verdict.regret:.1f} points.',
    f'With its checkpoint as well, trial {best["trial"]}:'
    f' {summary.percent(best["oracle"])}; regret'
    f' {100 * verdict.full_regret:.1f} points.',
  ]


def _warnings(
  sweep: Sweep, rows: Sequence[Row], verdict: Verdict | None
) -> list[str]:
  if verdict is None:
    reasons = [row['failure'] for row in rows if row['failure']]
    return [f'No trial is complete; the last said: {reasons[-1]}.']
  told = []
  lost = verdict.best
  if lost['state'] == 'pruned':
    told.append(
      f'Trial {lost["trial"]} was given up and had reached'
      f' {summary.percent(lost["oracle"])}, more than any complete one:'
      ' --noprune would not lose it.'
    )
  edges = [
    name
    for name, of in sweep.ranges.items()
    if ranges.is_at_edge(of, verdict.chosen[name])
  ]
  if edges:
    told.append(
      f'The choice lies at the edge of the range of {" and ".join(edges)}:'
      ' a wider one may hold a better.'
    )
  return told


def _tried(sweep: Sweep) -> list[list[str]]:
  facts = sweep.facts
  pruned = 'median of those before' if facts['prune'] else 'never'
  return [
    ['flag', 'values'],
    *([name, ranges.words(of)] for name, of in sweep.ranges.items()),
    ['drawn by', f'{facts["sampler"]}, seed {facts["seed"]}'],
    ['chosen by', facts['select']],
    ['given up by', pruned],
    ['all runs', ' '.join(facts['flags'])],
  ]


def _plots(
  sweep: Sweep, rows: Sequence[Row], verdict: Verdict
) -> list[Section]:
  select = sweep.facts['select']
  importance = sweep_plots.importances(sweep.study)
  return [
    Section(
      'Course and cost of the choice',
      pictures=(
        sweep_plots.course(rows, select),
        sweep_plots.against_oracle(rows, verdict, select),
      ),
    ),
    Section(
      'What each flag did',
      pictures=sweep_plots.slices(rows, sweep.ranges, select),
    ),
    Section(
      'All flags together',
      'A line a complete trial; bars: fANOVA over complete trials.',
      tuple(
        filter(
          None, (sweep_plots.parallel(rows, sweep.ranges, select), importance)
        )
      ),
    ),
    Section(
      'What each validator would have chosen',
      _EVERY,
      lines=_validators(sweep, rows),
    ),
  ]


def _validators(sweep: Sweep, rows: Sequence[Row]) -> list[list[str]]:
  return [
    ['validator', 'trial', 'target accuracy', 'regret', 'rank correlation'],
    *(
      [
        choice.name,
        str(choice.trial),
        summary.percent(choice.accuracy),
        f'{100 * choice.regret:.1f}',
        _number(choice.correlation, '.2f'),
      ]
      for choice in outcome.validators(sweep, rows)
    ),
  ]


def _trials(
  sweep: Sweep, rows: Sequence[Row], verdict: Verdict | None
) -> Section:
  """All trials, complete ones first, the higher their score the earlier."""
  ended = sorted(outcome.complete(rows), key=lambda row: -row['score'])
  order = [*ended, *(row for row in rows if row['state'] != 'complete')]
  header = ['trial', 'end', *sweep.ranges, sweep.facts['select']]
  lines = [
    [
      str(row['trial']),
      figures.shorten(f'{row["state"]} {row["failure"]}'.strip(), 60),
      *(_number(row[name], '.4g') for name in sweep.ranges),
      _number(row['score'], '.4f'),
      *(_share(row[which]) for which in summary.PICKS),
    ]
    for row in order
  ]
  marked = {order.index(verdict.chosen)} if verdict else ()
  note = f'Target accuracies; oracle: {summary.ORACLE_NOTE}.'
  return Section(
    'Trials', note, lines=[[*header, *summary.PICKS], *lines], marked=marked
  )


def _share(value: float | str) -> str:
  return '–' if value == '' else summary.percent(value)


def _number(value, form: str) -> str:
  if isinstance(value, str):
    return value or '–'
  return '–' if value is None or math.isnan(value) else format(value, form)
