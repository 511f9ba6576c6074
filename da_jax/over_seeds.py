"""The results of a method's seeds as one: what they say together."""

from collections.abc import Mapping, Sequence
import pathlib
import re
from typing import Any

from da_jax import files, results, runs
from da_jax.errors import UserError
from da_jax.selection import statistics

PICKS = ('last', 'selected', 'oracle')
PAGE = 'report.html'
_SAME = ('method', 'dataset', 'source', 'target', 'protocol', 'selected_by')


def folder(run: pathlib.Path, seed: int) -> pathlib.Path:
  """The folder of a seed's run; as good as one made with --seed."""
  return run / f'seed{seed}'


def check(run: pathlib.Path) -> None:
  """Raises UserError where a folder is that of something else."""
  names = [path.name for path in run.iterdir()] if run.is_dir() else []
  ours = any(re.fullmatch(r'seed\d+', name) for name in names)
  if runs.CONFIG in names or (names and not ours) or run.is_file():
    raise UserError(
      f'--workdir={run} exists and is not a folder of seeds: choose another.'
    )


def reopen(run: pathlib.Path) -> None:
  """Takes back that a folder is finished.

  Raises:
    UserError: it cannot be.
  """
  with files.writing(run):
    for name in (runs.RESULTS, PAGE):
      (run / name).unlink(missing_ok=True)


def finish(run: pathlib.Path, found: Sequence[Mapping[str, Any]]) -> dict:
  """Writes the results of all seeds together.

  Args:
    run: the folder of their folders.
    found: results.json of each seed.

  Returns:
    As written, see `together`.
  """
  whole = together(found)
  whole['runs'] = [str(folder(run, s).relative_to(run)) for s in whole['seeds']]
  results.write(run, whole)
  return whole


def together(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
  """What the results of a method's seeds say together.

  Args:
    found: results.json of each seed.

  Returns:
    'target_accuracy' by pick, of the method and in 'baseline': 'values' and
    `statistics.summarise` of them, with the seed that is worst. 'comparison'
    by pick: `statistics.compare` with the baseline of the same seeds; None
    without one. 'validator': likewise of the last scores of what selects,
    which needs no target labels; None where it was not computed.
  """
  first = found[0]
  seeds = [one['seed'] for one in found]
  before = [one['baseline'] for one in found]
  whole = {name: first[name] for name in _SAME} | {
    'seeds': seeds,
    'steps': [one['steps'] for one in found],
    'target_accuracy': _by_pick(found, seeds),
    'baseline': None,
    'comparison': None,
    'validator': None,
  }
  if None in before:
    return whole
  whole['baseline'] = {
    'method': before[0]['method'],
    'target_accuracy': _by_pick(before, seeds),
  }
  whole['comparison'] = {
    pick: _comparison(_picked(found, pick), _picked(before, pick))
    for pick in PICKS[:2]  # the oracle is for reporting only
  }
  whole['validator'] = _validator(found, before)
  return whole


def _picked(found: Sequence[Mapping[str, Any]], pick: str) -> list[float]:
  return [one['target_accuracy'][pick] for one in found]


def _by_pick(found, seeds: Sequence[int]) -> dict[str, dict[str, Any]]:
  told = {}
  for pick in PICKS:
    values = _picked(found, pick)
    told[pick] = {
      'values': values,
      **statistics.summarise(values)._asdict(),
      'worst_seed': seeds[values.index(min(values))],
    }
  return told


def _comparison(method, baseline) -> dict[str, Any]:
  compared = statistics.compare(method, baseline)
  return {
    **compared._asdict(),
    'difference': compared.difference._asdict(),
  }


def _validator(found, before) -> dict[str, Any] | None:
  """The last scores of the validator that selects, if all seeds have one."""
  name = found[0]['selected_by']
  scores = [one['validators'].get(name, {}).get('last_score') for one in found]
  others = [one.get('last_scores', {}).get(name) for one in before]
  if None in scores or None in others:
    return None
  return {
    'name': name,
    'values': scores,
    'baseline_values': others,
    **_comparison(scores, others),
  }
