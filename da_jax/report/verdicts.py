"""Whether methods help over seeds and tasks."""

from da_jax.report import summary
from da_jax.report.matrix import Rows
from da_jax.selection.statistics import Comparison, compare

BASELINE = 'source_only'
_VERDICTS = {'negative transfer': 'NEGATIVE TRANSFER'}


def differences(rows: Rows) -> list[list[str]]:
  """Each method minus source-only, paired over seeds and tasks, in words.

  In points, with the t interval of 95 % and the p-values of
  `statistics.compare`. Runs count where source-only has the same task and seed.

  Args:
    rows: of `matrix.row`.

  Returns:
    The table, its header first; only that without pairs.
  """
  header = ['method', 'step', 'runs', 'difference', '95 % interval', 'worst']
  header += ['p (t)', 'p (Wilcoxon)', 'verdict']
  lines = []
  for method in dict.fromkeys(row['method'] for row in rows):
    for which in ('last', 'selected'):
      pairs = _pairs(rows, method, which)
      if pairs:
        found = compare(*zip(*pairs, strict=True))
        lines.append([method, which, str(len(pairs)), *_words(found)])
  return [header, *lines]


def _pairs(rows: Rows, method: str, which: str) -> list[tuple[float, float]]:
  """Accuracies of a method and of source-only, by task and seed."""
  place = lambda row: (row['source'], row['target'], row['seed'])
  before = {
    place(row): row[which]
    for row in rows
    if row['method'] == BASELINE and row[which] != ''
  }
  if method == BASELINE:
    return []
  return [
    (row[which], before[place(row)])
    for row in rows
    if row['method'] == method and row[which] != '' and place(row) in before
  ]


def _words(found: Comparison) -> list[str]:
  difference, interval = found.difference, found.difference.t_interval
  ends = [summary.signed(round(100 * end, 1)) for end in interval or ()]
  return [
    summary.signed(round(100 * difference.mean, 1)),
    ' to '.join(ends) or '–',
    summary.signed(round(100 * difference.worst, 1)),
    *('–' if p is None else f'{p:.3f}' for p in (found.p_t, found.p_wilcoxon)),
    _VERDICTS.get(found.verdict, found.verdict),
  ]
