"""Methods x tasks: means over seeds, as CSV, Markdown and in the terminal."""

from collections.abc import Mapping, Sequence
import csv
import io
import statistics
from typing import Any

from rich import box, markup, table

_COLUMNS = (
  'method',
  'source',
  'target',
  'seed',
  'last',
  'selected',
  'oracle',
  'source_only',
  'selected_by',
  'score',
  'protocol',
  'steps',
  'evaluations',
  'seconds',
  'run',
  'failure',
)

Rows = Sequence[Mapping[str, Any]]


def row(
  method: str,
  task: tuple[str, str],
  seed: int,
  results: Mapping[str, Any] | None,
  failure: str = '',
  run: str = '',
) -> dict[str, Any]:
  """One run as a line of the CSV; empty where there are no results.

  'source_only' is the last step's accuracy of the run it is compared with, or
  its own if it is source-only. 'score' is of the validator in 'selected_by' at
  the last step, and needs no target labels.

  Args:
    method: its name.
    task: source and target.
    seed: of the run.
    results: the contents of its results.json.
    failure: what went wrong.
    run: its folder, as readers of the table see it.
  """
  named = dict.fromkeys(_COLUMNS, '') | {
    'method': method,
    'source': task[0],
    'target': task[1],
    'seed': seed,
    'run': run,
    'failure': failure,
  }
  if results is None:
    return named
  facts = ('selected_by', 'protocol', 'steps', 'seconds')
  named |= {name: results[name] for name in facts} | results['target_accuracy']
  named['evaluations'] = results.get('evaluations', '')
  choice = results.get('validators', {}).get(results['selected_by'], {})
  if choice.get('last_score') is not None:
    named['score'] = choice['last_score']
  for one in (results, results.get('baseline') or {}):
    if one.get('method') == 'source_only':
      named['source_only'] = one['target_accuracy']['last']
  return named


def to_csv(rows: Rows, columns: Sequence[str] = _COLUMNS) -> str:
  """All runs, one a line; accuracies are shares in [0, 1]."""
  text = io.StringIO()
  writer = csv.DictWriter(text, columns, lineterminator='\n')
  writer.writeheader()
  writer.writerows(rows)
  return text.getvalue()


def cells(rows: Rows, which: str = 'last') -> list[list[str]]:
  """The matrix in words, its header first.

  A cell is the mean over seeds ± their standard deviation, of target test
  accuracies in %; the last column is that of the seeds' means over all tasks.

  Args:
    rows: from `row`.
    which: 'last', 'selected' or 'oracle'.
  """
  tasks = list(dict.fromkeys((r['source'], r['target']) for r in rows))
  names = list(dict.fromkeys(r['method'] for r in rows))
  found = {
    (r['method'], (r['source'], r['target']), r['seed']): r[which]
    for r in rows
    if r[which] != ''
  }
  seeds = list(dict.fromkeys(r['seed'] for r in rows))

  def mean(name: str, seed: int) -> float | None:
    scores = [found.get((name, task, seed)) for task in tasks]
    return None if None in scores else statistics.fmean(scores)

  header = ['', *(f'{s} → {t}' for s, t in tasks), 'mean']
  lines = []
  for name in names:
    by_task = [[found.get((name, task, s)) for s in seeds] for task in tasks]
    means = [mean(name, seed) for seed in seeds]
    lines.append([name, *map(spread, [*by_task, means])])
  return [header, *lines]


def to_markdown(lines: Sequence[Sequence[str]]) -> str:
  """Lines of words, the header first, as a table of Markdown."""
  escaped = [[word.replace('|', r'\|') for word in line] for line in lines]
  header, *rest = [f'| {" | ".join(line)} |' for line in escaped]
  rule = '|' + '---|' * len(lines[0])
  return '\n'.join([header, rule, *rest]) + '\n'


def to_terminal(lines: Sequence[Sequence[str]], title: str) -> table.Table:
  """Lines of words, the header first, as a table."""
  grid = table.Table(title=markup.escape(title), box=box.SIMPLE_HEAVY)
  header, *rest = [list(map(markup.escape, line)) for line in lines]
  for place, name in enumerate(header):
    grid.add_column(name, justify='right' if place else 'left')
  for line in rest:
    grid.add_row(*line)
  return grid


def transposed(lines: Sequence[Sequence[str]]) -> list[list[str]]:
  """The matrix with a line for every task, as terminals are narrow."""
  return [list(column) for column in zip(*lines, strict=True)]


def spread(scores: Sequence[float | None]) -> str:
  """Mean ± standard deviation over seeds, in %; None: no results."""
  if None in scores:
    return f'{len(scores) - scores.count(None)} of {len(scores)} seeds'
  mean = f'{statistics.fmean(scores):.1%}'.removesuffix('%')
  if len(scores) == 1:
    return mean
  return f'{mean} ± {100 * statistics.stdev(scores):.1f}'
