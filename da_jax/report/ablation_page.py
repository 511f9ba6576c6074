"""Results of an ablation: results.csv, table.md and a page with plots."""

from collections.abc import Sequence
import itertools
import math
import pathlib
import statistics

from da_jax import files
from da_jax.report import effect_plots, matrix, sections, summary
from da_jax.report.sections import Section
from da_jax.selection.statistics import Summary
from da_jax.tuning import contrasts
from da_jax.tuning import factors as ablation
from da_jax.tuning.contrasts import Contrast
from da_jax.tuning.factors import Factor, Run, Setting

_NOTES = (
  'p is of the paired t-test over seeds, times the number of pairs of values'
  ' compared.',
  'Target accuracies. last: of the last step; selected: of the checkpoint that'
  f' the validator chose; oracle: {summary.ORACLE_NOTE}.',
  'To take the setting that is best here is to choose by target labels: what it'
  ' reaches is then no estimate. experiments.sweep chooses without them.',
)
_EFFECT = 'Mean over all other factors'
_ALONE = 'The other factors are as in the base'
_SPREAD = (
  '; ± half of the 95 % interval of the mean over seeds, by t. Seeds of which a'
  ' run failed are left out. To the best: over the runs that both values have,'
  ' so that it may be above 0 where others failed.'
)


def write(
  folder: pathlib.Path,
  title: str,
  factors: Sequence[Factor],
  runs: Sequence[Run],
  base: Setting | None,
  notes: Sequence[str] = (),
) -> list[list[str]]:
  """Writes all into a folder.

  Args:
    folder: of the ablation.
    title: of the page.
    factors: what was varied.
    runs: all settings with all seeds.
    base: from which one factor at a time was varied; None: all of the grid.
    notes: more to know of the numbers.

  Returns:
    The effects in words, the header first.
  """
  effects = [_effects(runs, place, base) for place in range(len(factors))]
  lines = _effect_lines(factors, runs, effects)
  failures = [run for run in runs if run.failure]
  warnings = []
  if failures:
    last = failures[-1].failure
    warnings.append(f'{len(failures)} of {len(runs)} runs failed: {last}.')
  parts = [
    Section(
      'Main effects',
      (_EFFECT if base is None else _ALONE) + _SPREAD,
      effect_plots.main_effects(factors, effects),
      lines,
    )
  ]
  if base is None and len(factors) > 1:
    parts.append(
      Section(
        'Pairs of factors',
        'Mean over seeds and all other factors.',
        _interactions(factors, runs),
      )
    )
  settings = _settings(factors, runs)
  parts.append(Section('Settings', 'Mean ± std over seeds, %.', lines=settings))
  _write_csv(folder, factors, runs)
  contrast = contrasts.widest(factors, runs, base, 'last')
  report = sections.Report(
    title, [_headline(contrast)], warnings, (*notes, *_NOTES), parts
  )
  sections.write(folder, report)
  return lines


def _effects(runs: Sequence[Run], place: int, base: Setting | None):
  seen = runs if base is None else ablation.around(runs, place, base)
  return {which: ablation.effect(seen, place, which) for which in summary.PICKS}


def _effect_lines(
  factors: Sequence[Factor], runs: Sequence[Run], effects
) -> list[list[str]]:
  header = ['factor', 'value', 'seeds', *summary.PICKS, 'last, to the best']
  lines = []
  for place, (factor, found) in enumerate(zip(factors, effects, strict=True)):
    means = {value: one.mean for value, one in found['last'].items() if one}
    best = max(means, key=means.__getitem__, default='')
    for value in factor.values:
      last = found['last'][value]
      behind = _behind(runs, place, value, best) if last else math.nan
      lines.append(
        [
          factor.name,
          value,
          str(last.count if last else 0),
          *(_words(found[which][value]) for which in summary.PICKS),
          summary.signed(round(behind, 1) + 0.0),
        ]
      )
  return [header, *lines]


def _behind(runs: Sequence[Run], place: int, value: str, best: str) -> float:
  """Points to the best at the last step; NaN where no runs are to compare."""
  pairs = contrasts.pairs(runs, place, value, best, 'last')
  if not pairs:
    return math.nan
  return 100 * statistics.fmean(one - other for one, other in pairs)


def _headline(contrast: Contrast | None) -> str:
  """The widest difference, if it is more than chance."""
  if contrast is None:
    return 'No two values have runs to compare.'
  name, high, low, found, p, shown = contrast
  points = f'{100 * found.difference.mean:.1f} points at the last step'
  count = found.difference.count
  seeds = f'{count} seed{"s" if count > 1 else ""}'
  if p is not None:
    seeds += f', p = {p:.3f}' if p >= 0.001 else ', p < 0.001'
  if shown:
    return f'{name}={high} is {points} above {name}={low} ({seeds}).'
  return (
    f'No difference is shown; the widest is {points}, of {name}={high} above'
    f' {name}={low} ({seeds}).'
  )


def _interactions(factors: Sequence[Factor], runs: Sequence[Run]):
  return [
    effect_plots.interaction(
      factors[a],
      factors[b],
      ablation.interaction(runs, a, b, which),
      which,
    )
    for a, b in itertools.combinations(range(len(factors)), 2)
    for which in ('last', 'selected')
  ]


def _settings(factors: Sequence[Factor], runs: Sequence[Run]):
  """A line a setting: mean ± standard deviation over seeds, in %."""
  header = [*(factor.name for factor in factors), *summary.PICKS]
  lines = []
  for setting in dict.fromkeys(run.setting for run in runs):
    seeds = [run for run in runs if run.setting == setting]
    lines.append(
      [
        *setting,
        *(
          matrix.spread([ablation.accuracy(run, which) for run in seeds])
          for which in summary.PICKS
        ),
      ]
    )
  return [header, *lines]


def _write_csv(folder, factors: Sequence[Factor], runs: Sequence[Run]) -> None:
  facts = ('selected_by', 'seconds')
  columns = (*(factor.name for factor in factors), 'seed', *summary.PICKS)
  columns = (*columns, 'score', *facts, 'failure')
  rows = []
  for run in runs:
    row = dict.fromkeys(columns, '') | {'seed': run.seed}
    row |= {'failure': run.failure}
    row |= {f.name: v for f, v in zip(factors, run.setting, strict=True)}
    if run.results:
      row |= run.results['target_accuracy']
      row |= {name: run.results[name] for name in facts}
      chosen = run.results['validators'][run.results['selected_by']]
      row['score'] = chosen['score']
    rows.append(row)
  with files.writing(folder):
    text = matrix.to_csv(rows, columns)
    files.write_atomically(folder / 'results.csv', text)


def _words(one: Summary | None) -> str:
  if one is None:
    return '–'
  text = f'{100 * one.mean:.1f}'
  if one.t_interval is None:
    return text
  return f'{text} ± {100 * (one.t_interval[1] - one.mean):.1f}'
