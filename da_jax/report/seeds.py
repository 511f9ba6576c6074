"""What the seeds of a method say together: in the terminal and as one page."""

from collections.abc import Mapping
import pathlib
from typing import Any

from rich import box, console, markup, table

from da_jax import files, over_seeds
from da_jax.report import page, summary
from da_jax.selection import statistics

COLUMNS = ('', 'last step', 'selected', 'oracle')
NOTE = (
  'Target accuracy: mean over seeds, 95 % interval by t (by bootstrap in'
  f' results.json). The oracle {summary.ORACLE_NOTE}.'
)
_LOUD = {statistics.HURTS: summary.NEGATIVE}


def rows(whole: Mapping[str, Any]) -> list[list[str]]:
  """The table: baseline, method, difference seed by seed, worst seed.

  Args:
    whole: of `over_seeds.together`.
  """
  name = summary.display_name(whole['method'])
  told = whole['target_accuracy']
  lines = [[name, *(_percent(told[pick]) for pick in over_seeds.PICKS)]]
  if baseline := whole['baseline']:
    before = baseline['target_accuracy']
    title = summary.display_name(baseline['method'])
    cells = (_percent(before[pick]) for pick in over_seeds.PICKS)
    lines.insert(0, [title, *cells])
    compared = whole['comparison']
    cells = (_points(compared[p]['difference']) for p in compared)
    lines.append(['difference in points', *cells, ''])
  worst = (told[pick] for pick in over_seeds.PICKS)
  cells = (
    f'{summary.percent(w["worst"])} (seed\N{NO-BREAK SPACE}{w["worst_seed"]})'
    for w in worst
  )
  return [*lines, [f'{name}, worst seed', *cells]]


def verdicts(whole: Mapping[str, Any]) -> list[str]:
  """Whether the method beats its baseline, in sentences; none without one.

  By the paired tests of `statistics.compare`.
  """
  if not whole['comparison']:
    return []
  said = [
    f'Against {summary.display_name(whole["baseline"]["method"])} on the'
    f' {len(whole["seeds"])} same seeds, by target labels (reporting only):'
    f' {_verdict(whole["comparison"]["last"])} at the last step,'
    f' {_verdict(whole["comparison"]["selected"])} where {whole["selected_by"]}'
    ' selects.'
  ]
  if validator := whole['validator']:
    said.append(
      f'Without target labels, by the score of {validator["name"]} at the last'
      f' step: {_verdict(validator)}.'
    )
  return said


def show(whole: Mapping[str, Any]) -> None:
  """Prints the table and the verdicts."""
  grid = table.Table(
    title=markup.escape(_title(whole)), caption=NOTE, box=box.SIMPLE_HEAVY
  )
  for name in COLUMNS:
    grid.add_column(name, justify='right' if name else 'left')
  for line in rows(whole):
    grid.add_row(*map(markup.escape, line))
  screen = console.Console()
  screen.print(grid)
  for sentence in verdicts(whole):
    screen.print(markup.escape(sentence), style='bold')


def write(run: pathlib.Path, whole: Mapping[str, Any]) -> pathlib.Path:
  """Writes a page with the table, the verdicts and links to all seeds."""
  html = page.template('seeds.html.jinja').render(
    title=_title(whole),
    verdicts=verdicts(whole),
    columns=COLUMNS,
    rows=rows(whole),
    note=NOTE,
    selected_by=whole['selected_by'],
    seeds=_each(run, whole),
  )
  path = run / over_seeds.PAGE
  files.write_atomically(path, html)
  return path


def _title(whole: Mapping[str, Any]) -> str:
  name = summary.display_name(whole['method'])
  place = '{dataset}: {source} → {target}'.format(**whole)
  return f'{name} on {place}, seeds {", ".join(map(str, whole["seeds"]))}'


def _each(run: pathlib.Path, whole: Mapping[str, Any]) -> list[dict[str, Any]]:
  """A line a seed: its page, if there is one, and its accuracies."""
  told = whole['target_accuracy']
  return [
    {
      'seed': seed,
      'page': page_path if (run / page_path).exists() else None,
      'accuracies': [told[p]['values'][i] for p in over_seeds.PICKS],
    }
    for i, seed in enumerate(whole['seeds'])
    for page_path in [f'{whole["runs"][i]}/{over_seeds.PAGE}']
  ]


def _percent(told: Mapping[str, Any]) -> str:
  mean = summary.percent(told['mean'])
  return mean + _half(told['t_interval'])


def _points(told: Mapping[str, Any]) -> str:
  mean = summary.signed(round(100 * told['mean'], 1) + 0.0)
  return mean + _half(told['t_interval'])


def _half(interval: tuple[float, float] | None) -> str:
  if interval is None:
    return ''
  # It may go to the next line, as a whole.
  return f' ±\N{NO-BREAK SPACE}{50 * (interval[1] - interval[0]):.1f}'


def _verdict(compared: Mapping[str, Any]) -> str:
  """'helps (p = 0.012, Wilcoxon p = 0.031)'."""
  said = _LOUD.get(compared['verdict'], compared['verdict'])
  tests = (('p', compared['p_t']), ('Wilcoxon p', compared['p_wilcoxon']))
  told = [f'{name} {summary.p_value(p)}' for name, p in tests if p is not None]
  if told:
    return f'{said} ({", ".join(told)})'
  count = compared['difference']['count']
  few = {1: 'one seed', 2: 'two seeds'}
  why = few.get(count, 'differences without spread')
  return f'{said} ({why} cannot tell)'
