"""Whether methods help over seeds and tasks."""

from da_jax.report import summary
from da_jax.report.matrix import Rows
from da_jax.selection.statistics import Comparison, compare

BASELINE = 'source_only'
NEGATIVE = 'NEGATIVE TRANSFER'


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
      if paired := pairs(rows, method, which):
        found = compare(*zip(*paired.values(), strict=True))
        lines.append([method, which, str(len(paired)), *_words(found)])
  return [header, *lines]


def pairs(
  rows: Rows, method: str, which: str
) -> dict[tuple[str, str, int], tuple[float, float]]:
  """Accuracies of a method and of source-only, by source, target and seed.

  Args:
    rows: of `matrix.row`.
    method: none has a pair with itself.
    which: 'last', 'selected' or 'oracle'.
  """
  place = lambda row: (row['source'], row['target'], row['seed'])
  known = [row for row in rows if row[which] != '']
  before = {
    place(row): row[which] for row in known if row['method'] == BASELINE
  }
  if method == BASELINE:
    return {}
  return {
    place(row): (row[which], before[place(row)])
    for row in known
    if row['method'] == method and place(row) in before
  }


def _words(found: Comparison) -> list[str]:
  difference, interval = found.difference, found.difference.t_interval
  ends = [summary.signed(round(100 * end, 1)) for end in interval or ()]
  return [
    summary.signed(round(100 * difference.mean, 1)),
    ' to '.join(ends) or '–',
    summary.signed(round(100 * difference.worst, 1)),
    *('–' if p is None else f'{p:.3f}' for p in (found.p_t, found.p_wilcoxon)),
    NEGATIVE if found.verdict == NEGATIVE.lower() else found.verdict,
  ]
