"""Methods paired with source-only by task and seed, and tested.

Seeds of a task share its data: pairs of tasks and seeds are not independent.
Taken as such they show differences that are not there. So the means over seeds
are tested, one a task, or, of fewer than three tasks, each task by its seeds.
"""

from collections.abc import Iterable, Sequence
import statistics
from typing import NamedTuple

from da_jax.report.matrix import Rows
from da_jax.selection.statistics import (
  FEWEST,
  HELPS,
  Comparison,
  compare,
  holm,
  verdict,
)

BASELINE = 'source_only'
INCOMPLETE = 'incomplete'  # it would help, but runs are missing
KINDS = ('last', 'selected', 'score')  # what is compared, columns of the rows

Pairs = dict[tuple[str, str, int], tuple[float, float]]


class Finding(NamedTuple):
  """A method against source-only, over all tasks or in one."""

  method: str
  kind: str  # of `KINDS`
  validator: str  # whose choice or score it is
  task: tuple[str, str] | None  # None: all of them
  pairs: int
  expected: int  # as many pairs as there are runs of the method
  compared: Comparison
  p: float | None  # of all tests that apply, by Holm's method where adjusted
  verdict: str


def tasks_of(rows: Rows) -> list[tuple[str, str]]:
  """Sources and targets, each pair once."""
  return list(dict.fromkeys((row['source'], row['target']) for row in rows))


def findings(rows: Rows) -> list[Finding]:
  """Every method and kind over all tasks, or of fewer than three over each.

  p-values are adjusted by Holm's method to all findings of a kind.

  Args:
    rows: of `matrix.row`.
  """
  tasks = tasks_of(rows)
  parts = [tasks] if len(tasks) >= FEWEST else [[task] for task in tasks]
  found = _all(rows, parts)
  adjusted = {
    kind: iter(holm([one.p for one in found if one.kind == kind]))
    for kind in KINDS
  }
  return [_judged(one, next(adjusted[one.kind])) for one in found]


def in_single_tasks(rows: Rows) -> list[Finding]:
  """Every method and kind in each task, where `findings` are over all of them.

  Each is tested over its seeds, and not adjusted to the other tests: with few
  seeds nothing would be left.
  """
  tasks = tasks_of(rows)
  if len(tasks) < FEWEST:
    return []
  return _all(rows, [[task] for task in tasks])


def pairs(rows: Rows, method: str, which: str) -> Pairs:
  """Values of a method and of source-only, by source, target and seed.

  Args:
    rows: of `matrix.row`.
    method: none has a pair with itself.
    which: 'last', 'selected', 'oracle' or 'score'; the second and the last only
      where both are by the same validator.
  """
  place = lambda row: (
    *(row['source'], row['target'], row['seed']),
    row['selected_by'] if which in ('selected', 'score') else None,
  )
  known = [row for row in rows if row[which] != '']
  before = {
    place(row): row[which] for row in known if row['method'] == BASELINE
  }
  if method == BASELINE:
    return {}
  return {
    place(row)[:3]: (row[which], before[place(row)])
    for row in known
    if row['method'] == method and place(row) in before
  }


def tested(paired: Pairs, tasks: Sequence[tuple[str, str]]) -> Comparison:
  """Compares means over seeds of three tasks or more, or seeds of one."""
  values = list(paired.values())
  if len(tasks) >= FEWEST:
    by_task = [[v for p, v in paired.items() if p[:2] == t] for t in tasks]
    values = [
      [statistics.fmean(side) for side in zip(*of_one, strict=True)]
      for of_one in by_task
      if of_one
    ]
  return compare(*zip(*values, strict=True), bootstrap=False)


def _all(
  rows: Rows, parts: Iterable[Sequence[tuple[str, str]]]
) -> list[Finding]:
  """Findings of all methods and kinds in groups of tasks, not adjusted."""
  found = []
  for method in dict.fromkeys(row['method'] for row in rows):
    own = [row for row in rows if row['method'] == method]
    for kind in KINDS:
      paired = pairs(rows, method, kind)
      for part in parts:
        here = {place: v for place, v in paired.items() if place[:2] in part}
        if not here:
          continue
        there = [r for r in own if (r['source'], r['target']) in part]
        name = next(r['selected_by'] for r in there if r['selected_by'])
        task = part[0] if len(part) == 1 else None
        now = tested(here, part)
        one = (method, kind, name, task, len(here), len(there), now, None, '')
        found.append(_judged(Finding(*one), now.p))
  return found


def _judged(one: Finding, p: float | None) -> Finding:
  """With a p-value and what follows from it."""
  said = verdict(one.compared.difference.mean, p)
  # What is missing may have diverged: the rest is not all that there is.
  if said == HELPS and one.pairs < one.expected:
    said = INCOMPLETE
  return one._replace(p=p, verdict=said)
