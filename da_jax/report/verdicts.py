"""Whether methods help over seeds and tasks, in words."""

from collections.abc import Sequence

from da_jax.report import paired, summary
from da_jax.report.matrix import Rows
from da_jax.report.paired import Finding
from da_jax.report.summary import NEGATIVE
from da_jax.selection.statistics import FEWEST, HELPS, HURTS

HEADER = (
  *('method', 'step', 'runs', 'difference', '95 % interval', 'worst'),
  *('p (t)', 'p (Wilcoxon)', 'p (Holm)', 'verdict'),
)
# Spread and single tests, for which terminals have no room.
_DETAILS = ('95 % interval', 'worst', 'p (t)', 'p (Wilcoxon)')
NOTE = (
  f'Over {FEWEST} tasks or more the means over seeds are tested, one a task, as'
  ' seeds of a task are not independent; over fewer, the seeds of each task.'
  ' “Worst” is the lowest of these. A verdict needs p < 0.05 in every test that'
  f' applies, the paired t-test from {FEWEST} on and Wilcoxon’s from six, after'
  ' Holm’s adjustment to all lines of the same step. Where runs are missing'
  ' nothing is said to help. Lines by a validator are of its score at the last'
  ' step, in its own units; a method may raise it by what it optimises.'
)


def differences(rows: Rows) -> list[list[str]]:
  """Each finding in words, in points of accuracy, with t intervals.

  Returns:
    The table, its header first; only that without pairs.
  """
  several = len(paired.tasks_of(rows)) > 1
  return [[*HEADER], *(_words(one, several) for one in paired.findings(rows))]


def warnings(rows: Rows) -> list[str]:
  """What must not be overlooked, in sentences."""
  found, alone = paired.findings(rows), paired.in_single_tasks(rows)
  said = []
  for kind in paired.KINDS:
    if worse := _listed(found, kind, HURTS):
      said.append(f'{NEGATIVE} {worse}.')
    if worse := _listed(alone, kind, HURTS):
      said.append(
        f'{NEGATIVE} in single tasks, {worse}. Each is tested over its few'
        ' seeds, not adjusted to the others: one in 40 tasks without a'
        ' difference is called so.'
      )
    if unsure := _listed(found, kind, paired.INCOMPLETE):
      said.append(f'Not said to help, as runs are missing, {unsure}.')
  if alone and max(one.pairs for one in alone) < FEWEST:
    said.append(
      f'Single tasks are not tested for negative transfer: that needs {FEWEST}'
      ' seeds.'
    )
  of_last = [one.verdict for one in found if one.kind == 'last']
  if of_last and HELPS not in of_last:
    said.append('No method is shown to be better than source-only.')
  return said


def brief(lines: Sequence[Sequence[str]]) -> list[list[str]]:
  """A table as narrow as terminals: without spread and single tests.

  Args:
    lines: of `differences`, or another table, its header first.
  """
  kept = [place for place, n in enumerate(lines[0]) if n not in _DETAILS]
  return [[line[place] for place in kept] for line in lines]


def _words(one: Finding, several: bool) -> list[str]:
  """A line of the table; `several` tasks are told apart."""
  difference, compared = one.compared.difference, one.compared
  ends = [_amount(one, end) for end in difference.t_interval or ()]
  step = one.kind if one.kind != 'score' else _by(one)
  p_values = (compared.p_t, compared.p_wilcoxon, one.p)
  return [
    *(one.method, step, _runs(one, several), _amount(one, difference.mean)),
    ' to '.join(ends) or '–',
    _amount(one, difference.worst),
    *(summary.p_value(p).removeprefix('= ') for p in p_values),
    NEGATIVE if one.verdict == HURTS else one.verdict,
  ]


def _runs(one: Finding, several: bool) -> str:
  """'8 of 15 in 3 tasks', '15', '5, a → b'."""
  text = f'{one.pairs}'
  if one.pairs < one.expected:
    text += f' of {one.expected}'
  if one.task is None:
    return f'{text} in {one.compared.difference.count} tasks'
  return f'{text}, {" → ".join(one.task)}' if several else text


def _amount(one: Finding, value: float) -> str:
  if one.kind != 'score':
    return summary.signed(round(100 * value, 1))
  return f'{value + 0.0:+.3g}'.replace('-', '\N{MINUS SIGN}')


def _by(one: Finding) -> str:
  return f'by {one.validator}, without target labels'


def _listed(found: Sequence[Finding], kind: str, verdict: str) -> str:
  """'in … at the last step: DANN (−3.1, p = 0.012)'; '' where there is none."""
  which = [one for one in found if (one.kind, one.verdict) == (kind, verdict)]
  if not which:
    return ''
  where = f'in target accuracy at the {kind} step'
  if kind == 'score':
    where = _by(which[0])
  names = []
  for one in which:
    name = summary.display_name(one.method)
    if one.task is not None:
      name += f' in {" → ".join(one.task)}'
    told = [_amount(one, one.compared.difference.mean)]
    told.append(f'p {summary.p_value(one.p)}')
    if one.pairs < one.expected:
      told.append(f'{one.pairs} of {one.expected} runs')
    names.append(f'{name} ({", ".join(told)})')
  return f'{where}: {"; ".join(names)}'
