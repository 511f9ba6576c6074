"""The result of a run in words and as the rows of a table."""

from collections.abc import Mapping
import math
from typing import Any, NamedTuple

from da_jax.selection.statistics import HELPS, HURTS, NO_EVIDENCE

Results = dict[str, Any]
PICKS = ('last', 'selected', 'oracle')  # which step's accuracy, see `Row`
ORACLE_NOTE = 'uses target labels: never for comparison'
NEGATIVE = HURTS.upper()  # not to be overlooked
_WORDS = {HELPS: 'Helps', NO_EVIDENCE: 'No evidence', HURTS: NEGATIVE}


class Row(NamedTuple):
  """One line of the results table, formatted for people."""

  name: str
  last: str  # after the last step
  selected: str  # at the step chosen without target labels
  oracle: str  # at the step with the best target accuracy


class Verdict(NamedTuple):
  """Whether a run is better than what it is compared with."""

  text: str
  is_warning: bool


def display_name(method: str) -> str:
  """'dann' -> 'DANN', 'source_only' -> 'source-only'.

  Papers write short names in capitals and longer ones as words.
  """
  if len(method) <= 5 and '_' not in method:
    return method.upper()
  return method.replace('_', '-')


def percent(fraction: float | None) -> str:
  """0.8812 -> '88.1 %'; a dash for what was not measured."""
  if fraction is None or math.isnan(fraction):
    return '–'
  return f'{100 * fraction:.1f}\N{NO-BREAK SPACE}%'


def points(after: float | None, before: float | None) -> float:
  """Difference in percentage points of the two rounded percentages.

  Rounded first, so that a reader who subtracts the printed numbers agrees.

  Args:
    after: fraction in [0, 1].
    before: fraction in [0, 1].

  Returns:
    Points in [-100, 100], or NaN where one side was not measured.
  """
  if after is None or before is None:
    return math.nan
  # + 0.0 turns -0.0 into 0.0.
  return round(round(100 * after, 1) - round(100 * before, 1), 1) + 0.0


def signed(difference: float) -> str:
  """18.1 -> '+18.1', with a true minus sign; a dash for NaN."""
  if math.isnan(difference):
    return '–'
  if difference == 0:
    return '±0.0'
  return f'{difference:+.1f}'.replace('-', '\N{MINUS SIGN}')


def p_value(p: float | None) -> str:
  """'= 0.012', '< 0.001'; a dash for what was not tested."""
  if p is None:
    return '–'
  return '< 0.001' if p < 0.001 else f'= {p:.3f}'


def headline(results: Results) -> str:
  """The result in one sentence, at the last step: no choice was made."""
  name = display_name(results['method'])
  last = results['target_accuracy'].get('last')
  text = f'{name} reaches {percent(last)} on {results["target"]} (last step)'
  baseline = results.get('baseline')
  if not baseline:
    return f'{text}.'
  before = baseline['target_accuracy'].get('last')
  # Without a run it is the model at the start.
  said = f' {budget(baseline)}' if baseline['run'] else ''
  return (
    f'{text}; {display_name(baseline["method"])}{said} '
    f'{percent(before)}: {signed(points(last, before))} points.'
  )


def budget(*baselines: Mapping[str, Any]) -> str:
  """What is the same in the runs that are compared, and what is not.

  Args:
    *baselines: of `results.json`, see `baselines.baseline_of`.
  """
  tuned = sorted({n for one in baselines for n in one.get('tuned', ())})
  but = f' but another {", ".join(f"--{name}" for name in tuned)},'
  return 'under the same budget' + but * bool(tuned)


def verdict(results: Results) -> Verdict | None:
  """Whether adaptation helped, by the target test examples of the last step.

  By McNemar's exact test, which speaks of these two models on these examples.

  Returns:
    None without a baseline. Where examples were not compared, as in older
    results, nothing is tested: a sentence only where the run is worse.
  """
  baseline = results.get('baseline')
  if not baseline:
    return None
  name = display_name(baseline['method'])
  name += ' training' if baseline['run'] else ''
  if told := results.get('changes'):
    return Verdict(
      f'{_WORDS[told["verdict"]]} on these examples, compared with {name}:'
      f' {told["repaired"]:,} repaired, {told["broken"]:,} broken (McNemar'
      f' p {p_value(told["mcnemar_p"])}). One seed tells about these two'
      ' models; --seeds=5 tells about the method.',
      is_warning=told['verdict'] == HURTS,
    )
  gain = points(
    results['target_accuracy'].get('last'),
    baseline['target_accuracy'].get('last'),
  )
  if not gain < 0:
    return None
  return Verdict(
    f'The model is {-gain:.1f} points worse on the target domain than {name};'
    ' not tested, as single examples were not compared.',
    is_warning=True,
  )


def rows(results: Results) -> list[Row]:
  """The results table: the baseline (if any), the method, the difference."""
  after = results['target_accuracy']
  row = Row(
    display_name(results['method']), *(percent(after.get(p)) for p in PICKS)
  )
  baseline = results.get('baseline')
  if not baseline:
    return [row]
  before = baseline['target_accuracy']
  return [
    Row(
      display_name(baseline['method']),
      *(percent(before.get(p)) for p in PICKS),
    ),
    row,
    Row(
      'difference in points',
      *(signed(points(after.get(p), before.get(p))) for p in PICKS),
    ),
  ]
