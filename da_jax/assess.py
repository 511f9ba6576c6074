"""Evaluates a run as it goes, and chooses among the evaluations.

What chooses never sees a label of the target, or in supervised settings only
those held out for it. Accuracy on target test examples is added for reports.
"""

from collections.abc import Callable, Mapping, Sequence
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from da_jax import evaluate, mixtures, types
from da_jax.data.pair import DomainPair, Examples, subset
from da_jax.errors import UserError
from da_jax.journal import Journal
from da_jax.selection import VALIDATORS, Evidence, agreement
from da_jax.selection.evidence import draw
from da_jax.selection.mixval import draw_pairs

TARGET_EXAMPLES = 5000  # of training that validators look at
OF_MIXTURES = ('mixval_intra', 'mixval_inter', 'mixval')

Evaluation = Mapping[str, Any]


class Standing(NamedTuple):
  """Where a run stands; what a checkpoint holds."""

  state: types.State
  selected: types.State
  record: dict


def assessor(
  predict: evaluate.PredictAllFn,
  pair: DomainPair,
  journal: Journal,
  *,
  select: str | None,
  validation: Examples | None = None,
  keep: Callable[[types.State], None] | None = None,
) -> Callable[[Standing], Standing]:
  """Makes the function that evaluates and chooses.

  Every evaluation holds 'step', 'target_accuracy', with `select` also
  'validation_accuracy' (of the source) and 'validators', the scores of all of
  `VALIDATORS`, None for NaN. Each part is predicted once; then mixtures of as
  many target examples, 2000 at most. Where inputs cannot be mixed 'absent' says
  why of the validators that need it.

  Args:
    predict: of the method.
    pair: the data.
    journal: is told the evaluations.
    select: the validator that chooses; None in supervised settings.
    validation: examples of such a setting whose accuracy chooses; without
      them the last step is chosen.
    keep: is given each state that any validator takes for the best so far.

  Returns:
    Takes the standing of a run to that after its evaluation. Of equal scores
    the latest is selected, and the last step where no score is a number.

  Raises:
    UserError: `select` needs mixtures, which the data do not have.
  """
  unmixed = mixtures.why_not(pair.prepare, pair.target_train.x)
  if unmixed and select in OF_MIXTURES:
    raise UserError(f'--select={select}: {unmixed}. Choose another validator.')
  look = _looker(predict, pair, mixed=not unmixed)

  def evaluation(state: types.State) -> dict:
    result = {'step': int(state.step)}
    test = predict(state, pair.target_test.x)
    if select is not None:
      seen = look(state, test)
      result['validation_accuracy'] = evaluate.share_right(
        seen.logits_s, seen.y_s
      )
      result['validators'] = {
        name: _number(score(seen)) for name, score in VALIDATORS.items()
      }
      if unmixed:
        result['absent'] = dict.fromkeys(OF_MIXTURES, unmixed)
    elif validation is not None:
      accuracy = evaluate.accuracy(predict, state, validation)
      result['validation_accuracy'] = accuracy
    right = evaluate.share_right(test.logits, pair.target_test.y)
    return result | {'target_accuracy': right}

  def assess(now: Standing) -> Standing:
    journal.settle()
    result = evaluation(now.state)
    journal.evaluation(result)
    record = _recorded(now.record, result, select)
    if keep and _is_best(record['evaluations']):
      keep(now.state)
    if record['selected'] is not result:
      return now._replace(record=record)
    # A copy outlives the donation of the original.
    return Standing(now.state, jax.tree.map(jnp.copy, now.state), record)

  return assess


def choices(evaluations: Sequence[Evaluation]) -> dict[str, dict]:
  """What each validator would have chosen, for reports only.

  Args:
    evaluations: of a run, in order.

  Returns:
    By validator 'step', 'score', 'target_accuracy' and 'regret' (to the best
    target accuracy) of its choice, 'rank_correlation' with target accuracies
    where there are three or more, and 'last_score'. None where there is
    nothing to tell, with 'why' where the data are the reason; without it the
    regret is of the last step, which counts then. Empty in supervised settings.
  """
  oracle = [each['target_accuracy'] for each in evaluations]
  found = {}
  for name in evaluations[-1].get('validators', {}):
    scores = [each['validators'].get(name) for each in evaluations]
    place = agreement.choose(scores)
    chosen = {} if place is None else evaluations[place]
    correlation = math.nan
    if len(scores) >= 3:
      correlation = agreement.rank_correlation(scores, oracle)
    found[name] = {
      'step': chosen.get('step'),
      'score': None if place is None else scores[place],
      'target_accuracy': chosen.get('target_accuracy'),
      'regret': agreement.regret(scores, oracle),
      'rank_correlation': _number(correlation),
      'last_score': scores[-1],
    }
  for name, why in evaluations[-1].get('absent', {}).items():
    found[name] |= {'regret': None, 'why': why}
  return found


def _looker(
  predict: evaluate.PredictAllFn, pair: DomainPair, *, mixed: bool
) -> Callable[[types.State, types.Prediction], Evidence]:
  """Makes the function that predicts what validators see, without target y.

  It takes the prediction of target test examples, which are those of training
  in the transductive protocol and are not predicted twice then.
  """
  rows = _drawn(pair.target_train)
  transductive = pair.target_train.x is pair.target_test.x
  x = None if transductive else subset(pair.target_train, rows).x

  def look(state: types.State, test: types.Prediction) -> Evidence:
    source = predict(state, pair.source_val.x)
    if transductive:
      target = jax.tree.map(lambda array: array[rows], test)
    else:
      target = predict(state, x)
    seen = Evidence(*source, pair.source_val.y, *target)
    if not mixed:
      return seen
    pairs = draw_pairs(target.logits)
    mixtures_x = mixtures.Mixtures(pair.target_train.x, rows[pairs])
    logits = predict(state, mixtures_x).logits
    return seen._replace(pairs=pairs, logits_mixed=logits)

  return look


def _drawn(examples: Examples) -> np.ndarray:
  """The same rows at every evaluation, in their order."""
  return np.sort(draw(np.arange(len(examples.y)), limit=TARGET_EXAMPLES)[0])


def _number(value: float) -> float | None:
  """None instead of NaN and infinity, which JSON does not have."""
  return value if math.isfinite(value) else None


def _recorded(record: dict, result: dict, select: str | None) -> dict:
  """The record with one more evaluation, and what is chosen of them all."""
  evaluations = [*record.get('evaluations', ()), result]
  scores = [
    each.get('validation_accuracy')
    if select is None
    else each['validators'][select]
    for each in evaluations
  ]
  chosen = agreement.choose(scores)
  oracle = record.get('oracle', result)
  better = result['target_accuracy'] > oracle['target_accuracy']
  return {
    **record,
    'evaluations': evaluations,
    'evaluations_in_vain': _in_vain(scores),
    'first': evaluations[0],
    'last': result,
    'selected': evaluations[-1 if chosen is None else chosen],
    'oracle': result if better else oracle,
  }


def _is_best(evaluations: Sequence[Evaluation]) -> bool:
  """Whether any validator chooses the last evaluation."""
  last = len(evaluations) - 1
  return any(
    agreement.choose([e['validators'].get(name) for e in evaluations]) == last
    for name in evaluations[-1].get('validators', {})
  )


def _in_vain(scores: Sequence[float | None]) -> int:
  """How many of the last ones are no better than one before them."""
  scores = np.nan_to_num(np.asarray(scores, np.float64), nan=-np.inf)
  return len(scores) - 1 - int(np.argmax(scores))
