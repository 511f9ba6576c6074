"""What selects a step, ends a run early, and what it may not see."""

import json
import math

import numpy as np
import pytest

from da_jax import assess, checkpoint, evaluate, metrics
from da_jax.errors import UserError
from da_jax.selection import VALIDATORS, Evidence
from tests import toy, training


@pytest.mark.parametrize(
  'transductive', [True, pytest.param(False, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize('name', ['source_only', 'dann', 'mmd'])
def test_target_labels_change_nothing_but_the_report(
  name, transductive, tmp_path
):
  """Neither parameters nor metrics nor scores nor choices depend on them."""
  pair = toy.pair()
  if transductive:
    pair = pair._replace(target_train=pair.target_test)
  wrong = {
    part: examples._replace(y=np.random.default_rng(0).permutation(examples.y))
    for part, examples in (
      ('target_train', pair.target_train),
      ('target_test', pair.target_test),
    )
  }
  blind = pair._replace(**wrong)
  found = []
  for folder, data in (('honest', pair), ('blind', blind)):
    outcome = training.run(name, tmp_path / folder, pair=data)
    lines = (tmp_path / folder / metrics.FILE).read_text().splitlines()
    found.append((outcome, [json.loads(line) for line in lines]))
  (honest, lines), (other, blind_lines) = found
  training.assert_same(honest.state, other.state)
  training.assert_same(honest.selected, other.selected)
  training.assert_same(*(checkpoint.read_arrays(tmp_path / f) for f in _BOTH))
  step = lambda outcome: outcome.record['selected']['step']
  assert step(honest) == step(other)
  rates = ('target_accuracy', 'steps_per_second', 'input_wait')
  known = lambda lines: [
    {key: value for key, value in line.items() if key not in rates}
    for line in lines
  ]
  assert known(lines) == known(blind_lines) and len(lines) == 3
  choices = [
    {
      validator: (choice['step'], choice['score'], choice['last_score'])
      for validator, choice in assess.choices(o.record['evaluations']).items()
    }
    for o in (honest, other)
  ]
  assert choices[0] == choices[1] and choices[0].keys() == VALIDATORS.keys()
  accuracies = lambda o: [e['target_accuracy'] for e in o.record['evaluations']]
  assert accuracies(honest) != accuracies(other)


_BOTH = ('honest', 'blind')


@pytest.mark.parametrize('select', ['source_accuracy', 'corr_c', 'dev'])
def test_selection_takes_the_best_score_and_of_equals_the_latest(select):
  outcome = training.run(steps=60, select=select)
  record, pair = outcome.record, toy.pair()
  scores = [each['validators'][select] for each in record['evaluations']]
  place = max(range(len(scores)), key=lambda i: (scores[i], i))
  assert record['selected'] == record['evaluations'][place]
  assert int(outcome.selected.step) == record['selected']['step']
  source, target = (
    outcome.predict(outcome.selected, part.x)
    for part in (pair.source_val, pair.target_train)
  )
  evidence = Evidence(
    *(source.features, source.logits, pair.source_val.y),
    *(target.features, target.logits),
  )
  assert VALIDATORS[select](evidence) == scores[place]
  accuracy = evaluate.accuracy(
    outcome.predict, outcome.selected, pair.target_test
  )
  assert accuracy == record['selected']['target_accuracy']
  oracle = record['oracle']['target_accuracy']
  assert oracle == max(e['target_accuracy'] for e in record['evaluations'])


def test_without_validation_the_last_step_is_selected():
  outcome = training.run('full')
  assert outcome.record['selected']['step'] == 24
  training.assert_same(outcome.selected, outcome.state)


def test_patience_ends_the_run_after_evaluations_in_vain(monkeypatch):
  """Equal is not better: the second in vain in a row ends the run."""
  scores = [0.5, math.nan, 0.6, 0.6, 0.7, 0.6, 0.7]
  outcome = training.patient(scores, monkeypatch)
  assert int(outcome.state.step) == outcome.record['last']['step'] == 21
  assert outcome.record['selected']['step'] == 21
  whole = training.patient(np.linspace(0.1, 0.8, 8), monkeypatch)
  assert int(whole.state.step) == 24


def test_patience_without_validation_is_refused():
  with pytest.raises(UserError, match=r'--patience.*--labels_per_class'):
    training.run('full', patience=1)
