"""What a sweep found: its trials, the choice, and what the oracle says of it.

Target labels enter here, after everything was chosen.
"""

from collections.abc import Mapping, Sequence
import math
from typing import Any, NamedTuple

from optuna.trial import FrozenTrial, TrialState

from da_jax import journal, metrics, runs
from da_jax.selection import agreement
from da_jax.tuning import study
from da_jax.tuning.study import Sweep

Row = Mapping[str, Any]
_WORDS = {TrialState.COMPLETE: 'complete', TrialState.PRUNED: 'pruned'}
_RESULTS = ('score', 'last', 'selected', 'oracle', 'seconds', 'failure')


class Verdict(NamedTuple):
  """The choice of the validator among complete trials, and better ones.

  The oracle chooses among all that reached an evaluation: what was given up by
  the validator is part of what the validator costs.
  """

  chosen: Row
  oracle: Row  # of the best 'selected'
  regret: float  # of the trial, each at its selected checkpoint
  best: Row  # of the best 'oracle': the checkpoint chosen by it as well
  full_regret: float  # of trial and checkpoint


class ValidatorChoice(NamedTuple):
  """What a validator would have chosen among checkpoints and trials."""

  name: str
  trial: int
  accuracy: float  # of its trial at its checkpoint
  regret: float  # to the best of all trials and checkpoints
  correlation: float  # over trials, those without a score last; may be NaN


def columns(sweep: Sweep) -> tuple[str, ...]:
  """Of the rows: number, end, what was tried, what came out."""
  return ('trial', 'state', *sweep.ranges, *_RESULTS)


def rows(sweep: Sweep) -> list[Row]:
  """A row a trial: 'score' of the validator, target accuracies in [0, 1].

  Those of a pruned trial are of the part that it ran; '' where there is none.
  """
  return [_row(sweep, trial) for trial in study.trials(sweep)]


def complete(found: Sequence[Row]) -> list[Row]:
  """The rows of trials that ran to their ends."""
  return [row for row in found if row['state'] == 'complete']


def reached(found: Sequence[Row]) -> list[Row]:
  """The rows of trials that were evaluated, those given up last."""
  rows = [row for row in found if row['oracle'] != '']
  return sorted(rows, key=lambda row: row['state'] == 'pruned')


def verdict(found: Sequence[Row]) -> Verdict | None:
  """The choice and its regret in shares of [0, 1]; None of no trial."""
  ended = complete(found)
  if not ended:
    return None
  chosen = ended[agreement.choose([row['score'] for row in ended])]
  oracle = max(reached(found), key=lambda row: row['selected'])
  best = max(reached(found), key=lambda row: row['oracle'])
  return Verdict(
    chosen,
    oracle,
    oracle['selected'] - chosen['selected'],
    best,
    best['oracle'] - chosen['selected'],
  )


def validators(sweep: Sweep, found: Sequence[Row]) -> list[ValidatorChoice]:
  """What each validator would have chosen of complete trials.

  Returns:
    The least regret first, to the best of all that were evaluated.
  """
  ended = complete(found)
  results = [runs.results_of(study.run_of(sweep, r['trial'])) for r in ended]
  best = max((row['oracle'] for row in reached(found)), default=math.nan)
  told = []
  for name in results[0]['validators'] if results else ():
    choices = [result['validators'][name] for result in results]
    scores = [choice['score'] for choice in choices]
    place = agreement.choose(scores)
    if place is None:
      continue
    accuracies = [
      row['last'] if choice['score'] is None else choice['target_accuracy']
      for row, choice in zip(ended, choices, strict=True)
    ]
    correlation = math.nan
    if len(choices) >= 3:
      correlation = agreement.rank_correlation(scores, accuracies)
    accuracy, trial = accuracies[place], ended[place]['trial']
    told.append(
      ValidatorChoice(name, trial, accuracy, best - accuracy, correlation)
    )
  return sorted(told, key=lambda choice: choice.regret)


def _row(sweep: Sweep, trial: FrozenTrial) -> Row:
  run = study.run_of(sweep, trial.number)
  row = dict.fromkeys(columns(sweep), '') | trial.params
  row |= {'trial': trial.number, 'state': _WORDS.get(trial.state, 'failed')}
  row['failure'] = trial.user_attrs.get('failure', '')
  if trial.state == TrialState.COMPLETE:
    results = runs.results_of(run)
    row['seconds'] = results['seconds']
    return row | {'score': trial.value} | results['target_accuracy']
  if trial.state == TrialState.PRUNED:
    return row | _of_a_part(run / metrics.FILE, sweep.facts['select'])
  return row


def _of_a_part(path, select: str) -> dict[str, float]:
  """As of a finished run, of the evaluations that there were."""
  evaluations = [e for e in metrics.read(path) if 'target_accuracy' in e]
  scores = [e.get(journal.VALIDATORS + select) for e in evaluations]
  accuracies = [e['target_accuracy'] for e in evaluations]
  place = agreement.choose(scores)
  return {
    'score': scores[place],
    'last': accuracies[-1],
    'selected': accuracies[place],
    'oracle': max(accuracies),
  }
