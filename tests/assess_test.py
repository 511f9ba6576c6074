"""What an evaluation predicts, and what is chosen of given evaluations."""

import math

import numpy as np
import pytest

from da_jax import assess, train
from da_jax.data.pair import Examples
from da_jax.errors import UserError
from da_jax.mixtures import Mixtures
from da_jax.selection import VALIDATORS
from da_jax.selection.mixval import draw_pairs
from da_jax.types import Prediction, State
from tests import toy

NAN = math.nan


def _run(scores, monkeypatch, select='infomax'):
  """A run of an evaluation a step with given scores."""
  given = iter(scores)
  monkeypatch.setitem(VALIDATORS, select, lambda evidence: next(given))
  return train.train(
    toy.all_methods()['source_only'],
    toy.pair(),
    steps=len(scores),
    batch_size=16,
    eval_every=1,
    select=select,
    quiet=True,
  )


@pytest.mark.parametrize(
  ('scores', 'expected'),
  [
    ([1.0, 3.0, 2.0], 2),
    ([3.0, 1.0, 3.0, 2.0], 3),
    ([NAN, 1.0, NAN], 2),
    ([NAN, NAN, NAN], 3),
    ([math.inf, 0.5, 0.4], 2),
  ],
)
def test_equal_scores_take_the_later_and_nan_is_never_chosen(
  scores, expected, monkeypatch
):
  outcome = _run(scores, monkeypatch)
  assert outcome.record['selected']['step'] == expected
  assert int(outcome.selected.step) == expected


def test_scores_that_are_no_numbers_are_none(monkeypatch):
  record = _run([NAN, 1.0, math.inf], monkeypatch).record
  scores = [each['validators']['infomax'] for each in record['evaluations']]
  assert scores == [None, 1.0, None]
  assert record['evaluations_in_vain'] == 1


def _evaluations(scores, accuracies):
  return [
    {'step': 10 * i, 'validators': {'snd': score}, 'target_accuracy': accuracy}
    for i, (score, accuracy) in enumerate(
      zip(scores, accuracies, strict=True), 1
    )
  ]


def test_choices_are_worked_out_by_hand():
  (choice,) = assess.choices(
    _evaluations([0.2, 0.5, 0.4, None], [0.6, 0.7, 0.9, 0.5])
  ).values()
  assert choice == {
    'step': 20,
    'score': 0.5,
    'target_accuracy': 0.7,
    'regret': pytest.approx(0.2),
    # Ranks 2 4 3 1 and 2 3 4 1: 1 - 6 (0 + 1 + 1 + 0) / (4 * 15).
    'rank_correlation': pytest.approx(0.8),
    'last_score': None,
  }


def test_two_evaluations_have_no_rank_correlation():
  (choice,) = assess.choices(_evaluations([0.2, 0.5], [0.6, 0.7])).values()
  assert choice['rank_correlation'] is None and choice['regret'] == 0.0


def test_a_validator_that_never_tells_chooses_nothing():
  evaluations = _evaluations([None] * 3, [0.6, 0.9, 0.7])
  (choice,) = assess.choices(evaluations).values()
  # The run goes by its last step then.
  assert choice.pop('regret') == pytest.approx(0.2)
  assert set(choice.values()) == {None}


class _Journal:
  def settle(self):
    pass

  def evaluation(self, result):
    pass


def _assessed(pair, select, validation=None, calls=None):
  """One evaluation; tells `calls` how many examples each prediction is of."""
  calls = [] if calls is None else calls

  def predict(state, x):
    calls.append(len(x))
    if isinstance(x, Mixtures):
      x = x[:].first
    return Prediction(x, x[:, : toy.CLASSES])

  assessor = assess.assessor(
    predict, pair, _Journal(), select=select, validation=validation
  )
  state = State(np.int32(1), {}, {}, ())
  return assessor(assess.Standing(state, state, {}))


def _predicted(*setting):
  """The numbers of examples that one evaluation predicts, in order."""
  calls = []
  _assessed(*setting, calls=calls)
  return calls


def test_each_part_is_predicted_once_and_a_large_target_in_part(monkeypatch):
  pair = toy.pair()  # 33 of the source, 80 of the target to train, 41 to test
  # The last is of mixtures.
  assert _predicted(pair, 'infomax') == [41, 33, 80, 80]
  monkeypatch.setattr(assess, 'TARGET_EXAMPLES', 50)
  assert _predicted(pair, 'infomax') == [41, 33, 50, 50]
  one = pair._replace(target_train=pair.target_test)
  assert _predicted(one, 'infomax') == [41, 33, 41]


def test_supervised_evaluations_predict_no_more_than_they_need():
  pair = toy.pair()
  held_out = Examples(pair.target_train.x[:9], pair.target_train.y[:9])
  assert sorted(_predicted(pair, None, held_out)) == [9, 41]
  assert _predicted(pair, None) == [41]


def test_the_score_of_mixtures_is_that_of_mixed_rows(monkeypatch):
  monkeypatch.setattr(assess, 'TARGET_EXAMPLES', 50)
  pair = toy.pair()
  outcome = train.train(
    toy.all_methods()['source_only'], pair, steps=5, batch_size=16, quiet=True
  )
  rows = np.sort(np.random.default_rng(0).permutation(80)[:50])
  x = pair.target_train.x[rows]
  said = lambda x: np.argmax(
    outcome.predict(outcome.state, x.astype(np.float32)).logits, axis=1
  )
  predicted, hits = said(x), {True: [], False: []}
  for i, j in draw_pairs(outcome.predict(outcome.state, x).logits):
    if i != j:
      (label,) = said(0.55 * x[[i]] + 0.45 * x[[j]])
      hits[bool(predicted[i] == predicted[j])].append(label == predicted[i])
  scores = outcome.record['last']['validators']
  assert len(hits[True]) == len(hits[False]) == 25
  assert scores['mixval_intra'] == pytest.approx(np.mean(hits[True]))
  assert scores['mixval_inter'] == pytest.approx(np.mean(hits[False]))
  expected = (np.mean(hits[True]) + np.mean(hits[False])) / 2
  assert scores['mixval'] == pytest.approx(expected)


def _of_ids():
  pair = toy.pair()
  x = np.arange(80 * toy.WIDTH, dtype=np.int32).reshape(80, -1)
  train = pair.target_train._replace(x=x)
  return pair._replace(target_train=train, prepare=lambda x: x)


def test_ids_are_not_mixed_and_the_record_says_why():
  assert _predicted(_of_ids(), 'infomax') == [41, 33, 80]
  record = _assessed(_of_ids(), 'infomax').record
  found = assess.choices(record['evaluations'])
  assert {name for name in found if 'why' in found[name]} == {
    *('mixval_intra', 'mixval_inter', 'mixval')
  }
  assert 'int32 are ids' in found['mixval']['why']
  assert found['mixval']['step'] is None and found['infomax']['step'] == 1
  assert found['mixval']['regret'] is None
  with pytest.raises(UserError, match='--select=mixval: inputs of type int32'):
    _predicted(_of_ids(), 'mixval')
