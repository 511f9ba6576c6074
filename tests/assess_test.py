"""What an evaluation predicts, and what is chosen of given evaluations."""

import math

import numpy as np
import pytest

from da_jax import assess, train
from da_jax.data.pair import Examples
from da_jax.selection import VALIDATORS
from da_jax.types import Prediction
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
  evaluations = _evaluations([None] * 3, [0.6, 0.7, 0.8])
  (choice,) = assess.choices(evaluations).values()
  assert set(choice.values()) == {None}


class _Journal:
  def settle(self):
    pass

  def evaluation(self, result):
    pass


def _predicted(pair, select, validation=None):
  """The numbers of examples that one evaluation predicts."""
  calls = []

  def predict(state, x):
    calls.append(len(x))
    return Prediction(x, x[:, : toy.CLASSES])

  assessor = assess.assessor(
    predict, pair, _Journal(), select=select, validation=validation
  )
  state = train.State(np.int32(1), {}, {}, ())
  assessor(assess.Standing(state, state, {}))
  return calls


def test_each_part_is_predicted_once_and_a_large_target_in_part(monkeypatch):
  pair = toy.pair()  # 33 of the source, 80 of the target to train, 41 to test
  assert sorted(_predicted(pair, 'infomax')) == [33, 41, 80]
  monkeypatch.setattr(assess, 'TARGET_EXAMPLES', 50)
  assert sorted(_predicted(pair, 'infomax')) == [33, 41, 50]
  one = pair._replace(target_train=pair.target_test)
  assert sorted(_predicted(one, 'infomax')) == [33, 41]


def test_supervised_evaluations_predict_no_more_than_they_need():
  pair = toy.pair()
  held_out = Examples(pair.target_train.x[:9], pair.target_train.y[:9])
  assert sorted(_predicted(pair, None, held_out)) == [9, 41]
  assert _predicted(pair, None) == [41]
