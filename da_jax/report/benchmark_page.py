"""A matrix of runs as one self-contained HTML page."""

from collections.abc import Mapping, Sequence
import pathlib
import statistics
from typing import Any
from urllib.parse import quote

from da_jax import files
from da_jax.report import (
  beside,
  choosing,
  critical_difference,
  gains,
  matrix,
  paired,
  summary,
  verdicts,
)
from da_jax.report.matrix import Rows
from da_jax.report.page import template

NAME = 'index.html'


def write(
  out: pathlib.Path,
  dataset: str,
  rows: Rows,
  results: Sequence[Mapping[str, Any]],
  protocol: Sequence[str],
) -> pathlib.Path:
  """Writes the page into the folder of a matrix.

  Args:
    out: the folder, to which the rows' 'run' are relative.
    dataset: name.
    rows: of `matrix.row`.
    results: the contents of results.json of all finished runs.
    protocol: how the runs were made, in sentences.

  Returns:
    The path of the page.
  """
  found = choosing.choosers(results)
  html = template('benchmark.html.jinja').render(
    dataset=dataset,
    headline=headline(rows, results),
    warnings=_warnings(rows),
    size=_size(rows),
    protocol=protocol,
    beside=beside.beside(dataset, rows),
    steps={which: beside.step(rows, which) for which in summary.PICKS},
    further={
      which: _named(matrix.cells(rows, which)) for which in summary.PICKS[1:]
    },
    differences=_named(verdicts.differences(rows)),
    differences_note=verdicts.NOTE,
    gains=gains.plot(rows),
    **_ranks(rows),
    choosers=choosing.words(found),
    choosers_note=choosing.NOTE,
    regrets=choosing.plot(found),
    failed=[row for row in rows if row['failure']],
    runs=_runs(out, rows),
    methods=list(dict.fromkeys(row['method'] for row in rows)),
    name=summary.display_name,
  )
  files.write_atomically(out / NAME, html)
  return out / NAME


def headline(rows: Rows, results: Sequence[Mapping[str, Any]] = ()) -> str:
  """The highest mean over tasks at the last step, in words.

  Args:
    rows: of `matrix.row`.
    results: the contents of results.json of all finished runs.
  """
  means = {
    method: statistics.fmean(scores)
    for method, scores in critical_difference.scores(rows).items()
  }
  before = means.pop(paired.BASELINE, None)
  left_out = _left_out(rows)
  if not means:
    return f'No method has results for all tasks and seeds yet.{left_out}'
  best = max(means, key=means.get)
  name, mean = summary.display_name(best), summary.percent(means[best])
  highest = f'{name} has the highest mean over all tasks, {mean} (last step)'
  if before is None:
    return f'{highest}.{left_out}'
  gain = summary.points(means[best], before)
  compared = [one['baseline'] for one in results if one['method'] == best]
  budget = summary.budget(*filter(None, compared))
  source_only = f'source-only {budget} {summary.percent(before)}'
  difference = f'{summary.signed(gain)} points.{left_out}'
  if gain > 0:
    return f'{highest}; {source_only}: {difference}'
  return (
    f'No method has a higher mean over all tasks than {source_only} (last'
    f' step); the nearest, {name}, has {mean}: {difference}'
  )


def _left_out(rows: Rows) -> str:
  """Who is not compared as a whole, in a sentence after others."""
  names = map(summary.display_name, critical_difference.incomplete(rows))
  said = ', '.join(names)
  return f' Left out, as runs are missing: {said}.' if said else ''


def _warnings(rows: Rows) -> list[str]:
  """What must not be overlooked."""
  missing = [row for row in rows if row['last'] == '']
  found = []
  if missing:
    found.append(
      f'{len(missing)} of {len(rows)} runs have no results: see “Failed runs”.'
    )
  return found + verdicts.warnings(rows)


def _named(lines: Sequence[Sequence[str]]) -> list[list[str]]:
  """Lines that begin with a method, under the name that papers use."""
  header, *rest = lines
  return [[*header], *([summary.display_name(m), *line] for m, *line in rest)]


def _size(rows: Rows) -> str:
  """How many of what there are."""
  counts = (
    ('method', {row['method'] for row in rows}),
    ('task', {(row['source'], row['target']) for row in rows}),
    ('seed', {row['seed'] for row in rows}),
  )
  return ' × '.join(
    f'{len(values)} {name}{"s" * (len(values) > 1)}' for name, values in counts
  )


def _ranks(rows: Rows) -> dict[str, Any]:
  """The critical-difference plot, or why there is none."""
  scores = critical_difference.scores(rows)
  if why := critical_difference.too_few(scores):
    return {'ranks': None, 'ranks_say': why + _left_out(rows)}
  ranking = critical_difference.rank(scores)
  return {
    'ranks': critical_difference.plot(ranking),
    'ranks_say': critical_difference.words(ranking) + _left_out(rows),
  }


def _runs(out: pathlib.Path, rows: Rows) -> dict[tuple, dict[str, list[dict]]]:
  """By task and method, where each seed's run is."""
  found: dict[tuple, dict[str, list[dict]]] = {}
  for row in rows:
    report = pathlib.PurePosixPath(row['run'], 'report.html')
    link = f'{report}' if (out / report).exists() else f'{row["run"]}/'
    cell = {**row, 'link': quote(link)}
    by_method = found.setdefault((row['source'], row['target']), {})
    by_method.setdefault(row['method'], []).append(cell)
  return found
