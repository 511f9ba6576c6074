"""What a run is compared with, and whether it may be.

A difference is the method's own only under the same data, model and budget. How
either is optimised may differ, as each may be tuned: that is recorded and said.
"""

from collections.abc import Collection
import contextlib
import json
import os
import pathlib

from da_jax import runs
from da_jax.course import Outcome
from da_jax.errors import UserError
from da_jax.report import folder

# Flags in which a method and what it is compared with may differ.
TUNED = (
  'optimizer',
  'learning_rate',
  'momentum',
  'weight_decay',
  'schedule',
  'milestones',
  'gamma',
  'backbone_rate',
  'ema',
  'parallel',
)
# Named first, as what follows from them differs as well.
_FIRST = ('dataset', 'source', 'target', 'seed', 'steps', 'select')


def same(shared: Collection[str]) -> list[str]:
  """The flags in which nothing that is compared may differ.

  Args:
    shared: names of the flags that every training script has.
  """
  free = (*runs.FREE, *TUNED, 'baseline')
  names = dict.fromkeys([*_FIRST, *shared])
  return [name for name in names if name not in free]


def baseline_of(
  run: pathlib.Path,
  other: pathlib.Path,
  config: dict,
  shared: Collection[str],
) -> dict:
  """What the results of `run` say of the run they are compared with.

  Args:
    run: the folder.
    other: that of the run it is compared with.
    config: of `run`, see `runs.describe`.
    shared: names of the flags that every training script has; those that only
      some have are a method's own and may differ.

  Returns:
    What was reached there, and 'tuned': the flags of `TUNED` that differ.

  Raises:
    UserError: the other run is unfinished, or of other data, another model or
      budget.
  """
  results = runs.results_of(other)
  if results is None or not (other / runs.CONFIG).exists():
    raise UserError(f'--baseline={other} is not the folder of a finished run.')
  earlier = json.loads((other / runs.CONFIG).read_text())
  there, here = earlier['flags'], config['flags']
  # A flag that is younger than the other run says nothing of it.
  differing = lambda names: [
    name
    for name in names
    if name in there and name in here and there[name] != here[name]
  ]
  for name in differing(same(shared)):
    raise UserError(
      f'--baseline={other} was run with --{name}={there[name]}, this run has'
      f' {here[name]}: the two cannot be compared.'
    )
  # The first does not know what fine-tuning takes away to train on.
  for name in ('data', 'protocol'):
    if earlier.get(name) != config[name]:
      raise UserError(
        f'--baseline={other} was run on other examples, labels or another'
        ' split than this run: the two cannot be compared.'
      )
  return {
    'method': results['method'],
    'run': os.path.relpath(other, run),
    'target_accuracy': results['target_accuracy'],
    'tuned': differing(TUNED),
    'last_scores': {
      validator: choice['last_score']
      for validator, choice in results.get('validators', {}).items()
    },
  }


def found_beside(run: pathlib.Path, config: dict) -> dict | None:
  """What `baseline_of` says of an equal run that need not be trained again.

  That is <method>-seed<seed> beside the run, or what another one there was
  compared with, finished, of the same flags, data, versions and devices.

  Args:
    run: the folder; if it has one named by the method, that one is to be used.
    config: of what it is to be compared with, see `runs.describe`.

  Returns:
    None where there is none that is whole.
  """
  name, seed = config['method'], config['flags']['seed']
  if (run / name).exists():
    return None
  alone = run.parent / f'{name}-seed{seed}'
  of_others = [beside / name for beside in sorted(run.parent.glob('*'))]
  for other in (alone, *of_others):
    with contextlib.suppress(Exception):  # whatever is wrong, it is not used
      if _is_same(config, json.loads((other / runs.CONFIG).read_text())):
        folder.read(other)  # all that a page shows of it
        return baseline_of(run, other, config, ())
  return None


def _is_same(config: dict, earlier: dict) -> bool:
  """Whether a run would compute what an earlier one did."""
  here, there = map(_deciding, (config, earlier))
  # Flags of the method's own script, which a baseline has not, must be off.
  flags = there['flags'].items()
  there['flags'] = {n: v for n, v in flags if n in here['flags'] or v}
  return here == there


def _deciding(config: dict) -> dict:
  """What of a configuration decides about results, as read from a file."""
  flags = {
    name: value
    for name, value in config['flags'].items()
    if name not in (*runs.FREE, 'baseline')
  }
  return json.loads(json.dumps(config | {'flags': flags, 'command': None}))


def start_as_baseline(outcome: Outcome) -> dict:
  """The model before its first step, as a baseline."""
  accuracy = outcome.record['first']['target_accuracy']
  return {
    'method': 'before fine-tuning',
    'run': None,
    'target_accuracy': dict.fromkeys(('last', 'selected', 'oracle'), accuracy),
  }
