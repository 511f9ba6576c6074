"""The loop: exact resume, evaluation, selection, divergence."""

import json
import math
import multiprocessing
import signal
import time

import jax
import numpy as np
import pytest

from da_jax import (
  assess,
  checkpoint,
  evaluate,
  journal,
  metrics,
  parallel,
  train,
)
from da_jax.data import batches
from da_jax.errors import DivergedError, InterruptedRunError, UserError
from da_jax.selection import VALIDATORS, Evidence
from tests import toy

OPTIONS = {'batch_size': 16, 'eval_every': 10, 'checkpoint_every': 7}
DROPOUT = toy.all_methods(dropout=0.5)


def _train(name='dann', workdir=None, steps=24, pair=None, **options):
  return train.train(
    DROPOUT[name],
    pair or toy.pair(),
    steps=steps,
    workdir=workdir,
    target_labels=name in toy.SUPERVISED,
    quiet=True,
    **{**OPTIONS, **options},
  )


def _assert_same(a, b):
  jax.tree.map(np.testing.assert_array_equal, a, b)


def _stop_at(monkeypatch, stop: int):
  """A SIGTERM that arrives while step `stop` is dispatched."""
  original = journal.Journal.step

  def step(self, number, values):
    if number == stop:
      signal.raise_signal(signal.SIGTERM)
    original(self, number, values)

  monkeypatch.setattr(journal.Journal, 'step', step)


@pytest.mark.parametrize(
  'name',
  [
    *('dann', 'mmd', 'ema'),
    *(pytest.param(n, marks=pytest.mark.slow) for n in ('full', 'bi_tuning')),
    'ewc',
  ],
)
def test_stopped_and_resumed_equals_undisturbed(name, tmp_path, monkeypatch):
  whole = _train(name, tmp_path / 'whole')
  for stop in (3, 11, 20):
    with monkeypatch.context() as patch:
      _stop_at(patch, stop)
      with pytest.raises(InterruptedRunError) as stopped:
        _train(name, tmp_path / 'parts')
    assert stopped.value.step == stop
  parts = _train(name, tmp_path / 'parts')
  _assert_same(whole.state, parts.state)
  _assert_same(whole.selected, parts.selected)
  assert whole.record.keys() == parts.record.keys()
  for which in ('first', 'last', 'selected', 'oracle', 'evaluations'):
    assert whole.record[which] == parts.record[which]


def test_interrupted_with_workers_equals_undisturbed(tmp_path, monkeypatch):
  """And their number may change in between."""
  whole = _train('dann', tmp_path / 'whole')
  with monkeypatch.context() as patch:
    _stop_at(patch, 11)
    with pytest.raises(InterruptedRunError):
      _train('dann', tmp_path / 'parts', workers=1)
  assert not multiprocessing.active_children()
  parts = _train('dann', tmp_path / 'parts', workers=2)
  _assert_same(whole.state, parts.state)
  _assert_same(whole.selected, parts.selected)


def test_the_wait_for_input_is_told(tmp_path, monkeypatch):
  """What a slow reader took is counted, over an interruption, and no more."""
  monkeypatch.setattr(journal, 'LOG_EVERY', 5)
  for seconds in (0.0, 0.1):
    slow = _slow(seconds)
    with monkeypatch.context() as patch:
      patch.setattr(batches, 'batches', slow)
      _stop_at(patch, 13)
      with pytest.raises(InterruptedRunError):
        _train('source_only', tmp_path / str(seconds))
      patch.setattr(journal.Journal, 'step', _STEP)
      outcome = _train('source_only', tmp_path / str(seconds))
    text = (tmp_path / str(seconds) / metrics.FILE).read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    shares = [line['input_wait'] for line in lines if 'input_wait' in line]
    assert len(shares) == 4 and all(0 <= share <= 1 for share in shares)
    record = outcome.record
    assert 24 * seconds <= record['waited'] <= record['stepped']
    assert record['stepped'] <= record['seconds']


_STEP = journal.Journal.step


def _slow(seconds):
  original = batches.batches

  def slow(*args, **kwargs):
    for batch in original(*args, **kwargs):
      time.sleep(seconds)
      yield batch

  return slow


def test_killed_runs_lose_only_what_followed_the_checkpoint(
  tmp_path, monkeypatch
):
  """A kill leaves the last checkpoint and metrics beyond it, cut on resume."""
  whole = _train('dann', tmp_path / 'whole')

  def die(*_):
    raise KeyboardInterrupt

  with monkeypatch.context() as patch:
    patch.setattr(journal.Journal, 'step', _after(12, die))
    with pytest.raises(KeyboardInterrupt):
      _train('dann', tmp_path / 'killed')
  resumed = _train('dann', tmp_path / 'killed')
  _assert_same(whole.state, resumed.state)

  def evaluations(run):
    lines = (tmp_path / run / metrics.FILE).read_text().splitlines()
    return [
      line for line in map(json.loads, lines) if 'target_accuracy' in line
    ]

  assert evaluations('killed') == evaluations('whole')
  assert [line['step'] for line in evaluations('whole')] == [10, 20, 24]


def test_stopped_on_four_devices_goes_on_with_one(tmp_path, monkeypatch):
  method = toy.all_methods()['dann']
  options = {**OPTIONS, 'steps': 20, 'quiet': True}
  whole = train.train(method, toy.pair(), **options)
  with monkeypatch.context() as patch:
    _stop_at(patch, 9)
    with pytest.raises(InterruptedRunError):
      train.train(method, toy.pair(), workdir=tmp_path, **options)
  monkeypatch.setattr(parallel, 'devices', lambda: jax.devices()[:1])
  resumed = train.train(method, toy.pair(), workdir=tmp_path, **options)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5),
    jax.device_get(whole.state.params),
    jax.device_get(resumed.state.params),
  )


def _after(number, action):
  original = journal.Journal.step

  def step(self, at, values):
    original(self, at, values)
    if at == number:
      action()

  return step


def test_finished_run_is_not_trained_again(tmp_path, monkeypatch):
  whole = _train('dann', tmp_path)
  monkeypatch.setattr(journal.Journal, 'step', None)
  again = _train('dann', tmp_path)
  _assert_same(whole.state, again.state)


def test_unreadable_checkpoint_falls_back_to_the_one_before(tmp_path):
  whole = _train('dann', tmp_path)
  newest = tmp_path / checkpoint.FOLDER / '24' / 'arrays'
  for file in newest.rglob('*'):
    if file.is_file():
      file.write_bytes(b'')
  again = _train('dann', tmp_path)
  _assert_same(whole.state, again.state)


def test_seed_changes_the_run_and_nothing_else_does():
  _assert_same(_train(seed=1).state, _train(seed=1).state)
  differs = jax.tree.map(
    lambda a, b: bool(np.any(a != b)),
    _train(seed=1).state.params,
    _train(seed=2).state.params,
  )
  assert any(jax.tree.leaves(differs))


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
    outcome = _train(name, tmp_path / folder, pair=data)
    lines = (tmp_path / folder / metrics.FILE).read_text().splitlines()
    found.append((outcome, [json.loads(line) for line in lines]))
  (honest, lines), (other, blind_lines) = found
  _assert_same(honest.state, other.state)
  _assert_same(honest.selected, other.selected)
  _assert_same(*(checkpoint.read_arrays(tmp_path / f) for f in _BOTH))
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


@pytest.mark.parametrize('select', ['source_accuracy', 'infomax', 'dev'])
def test_selection_takes_the_best_score_and_of_equals_the_latest(select):
  outcome = _train(steps=60, select=select)
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
  outcome = _train('full')
  assert outcome.record['selected']['step'] == 24
  _assert_same(outcome.selected, outcome.state)


@pytest.mark.parametrize('batch_size', [1, 7, 41, 64])
def test_evaluation_is_exact_whatever_the_batch(batch_size):
  pair = toy.pair()
  outcome = _train()
  predict = evaluate.compile_predict(
    DROPOUT['dann'].predict, pair.prepare, batch_size
  )
  logits = predict(outcome.state, pair.target_test.x).logits
  whole = DROPOUT['dann'].predict(outcome.state, pair.target_test.x).logits
  assert logits.shape == (41, toy.CLASSES)
  np.testing.assert_allclose(logits, whole, atol=1e-5)
  counts = evaluate.confusion(logits, pair.target_test.y)
  assert counts.sum() == 41
  accuracy = evaluate.accuracy(predict, outcome.state, pair.target_test)
  assert accuracy == np.trace(counts) / 41
  assert outcome.predict(
    outcome.state, pair.target_test.x[:3]
  ).logits.shape == (
    3,
    toy.CLASSES,
  )
  for label in range(toy.CLASSES):
    assert counts[label].sum() == np.sum(pair.target_test.y == label)


def test_divergence_stops_and_keeps_the_last_good_checkpoint(tmp_path):
  pair = toy.pair()
  x = pair.source_train.x.copy()
  x[5] = np.nan
  bad = pair._replace(source_train=pair.source_train._replace(x=x))
  with pytest.raises(DivergedError, match=r'loss .*not finite at step \d+'):
    _train('source_only', tmp_path, pair=bad, steps=60, checkpoint_every=1)
  arrays = checkpoint.read_arrays(tmp_path)
  assert all(np.all(np.isfinite(value)) for value in arrays.values())


def test_batch_must_fit_the_data_and_the_devices():
  with pytest.raises(UserError, match=r'batch_size=84.*there has 80'):
    _train(batch_size=84)
  with pytest.raises(UserError, match=r'batch_size=18.*4 devices'):
    _train(batch_size=18)


def test_checkpoint_of_another_shape_is_named(tmp_path):
  with checkpoint.Checkpoints(tmp_path) as checkpoints:
    checkpoints.save(1, {'state': {'w': np.ones(3)}, 'record': {'a': 1}})
  arrays = checkpoint.read_arrays(tmp_path)
  with pytest.raises(UserError, match=r'state/w \(4,\) \(there \(3,\)\)'):
    checkpoint.fill({'state': {'w': np.ones(4)}}, arrays, 'It')
  with pytest.raises(UserError, match=r'state/v \(3,\) \(missing\)'):
    checkpoint.fill({'state': {'v': np.ones(3)}}, arrays, 'It')


def _counting(method):
  """The method, and the step and examples of each call of `begin`."""
  calls = []

  def begin(state, batches, key):
    parts = [batch['target'] for batch in batches]
    calls.append((int(state.step), np.concatenate([p['y'] for p in parts])))
    return method.begin(state, iter([{'target': p} for p in parts]), key)

  return method._replace(begin=begin), calls


def test_begin_sees_an_epoch_once_and_never_on_resume(tmp_path, monkeypatch):
  method, calls = _counting(DROPOUT['ewc'])
  monkeypatch.setitem(DROPOUT, 'counting', method)
  monkeypatch.setattr(toy, 'SUPERVISED', ('counting',))
  with monkeypatch.context() as patch:
    _stop_at(patch, 3)
    with pytest.raises(InterruptedRunError):
      _train('counting', tmp_path)
  _train('counting', tmp_path)
  ((step, y),) = calls
  assert step == 0
  assert sorted(y) == sorted(toy.pair().target_train.y)


def test_begin_comes_after_the_weights_and_after_the_first_evaluation():
  order = []
  method = DROPOUT['full']._replace(
    begin=lambda state, batches, key: order.append('begin') or state
  )

  def start(state):
    order.append('start')
    return state

  outcome = train.train(
    method,
    toy.pair(),
    steps=2,
    batch_size=16,
    target_labels=True,
    eval_at_start=True,
    start=start,
    quiet=True,
  )
  assert order == ['start', 'begin'] and outcome.record['first']['step'] == 0


def test_a_start_that_shares_its_arrays_is_trained_all_the_same():
  """A buffer that is donated twice would crash the process."""

  def shared(state, *_):
    kernel = state.params['model']['backbone']['fc1']['kernel']
    twice = {'one': kernel, 'other': kernel}
    return state._replace(variables={**state.variables, **twice})

  method = DROPOUT['full']
  placed = method._replace(
    init=lambda key, batch: jax.tree.map(
      lambda x: x + 0, shared(method.init(key, batch))
    )
  )
  for other in (placed, placed._replace(begin=shared)):
    options = {'start': shared, 'target_labels': True, 'quiet': True}
    outcome = train.train(other, toy.pair(), steps=3, batch_size=16, **options)
    assert int(outcome.state.step) == 3


def _patient(accuracies, monkeypatch, **options):
  """A run whose scores are given, in order."""
  given = iter(accuracies)
  with monkeypatch.context() as patch:
    patch.setitem(VALIDATORS, 'source_accuracy', lambda evidence: next(given))
    return _train(
      'source_only',
      steps=24,
      select='source_accuracy',
      **{'eval_every': 3, 'patience': 2, **options},
    )


def test_patience_ends_the_run_after_evaluations_in_vain(monkeypatch):
  """Equal is not better: the second in vain in a row ends the run."""
  scores = [0.5, math.nan, 0.6, 0.6, 0.7, 0.6, 0.7]
  outcome = _patient(scores, monkeypatch)
  assert int(outcome.state.step) == outcome.record['last']['step'] == 21
  assert outcome.record['selected']['step'] == 21
  whole = _patient(np.linspace(0.1, 0.8, 8), monkeypatch)
  assert int(whole.state.step) == 24


def test_patience_survives_a_stop_and_an_end_is_not_passed(
  tmp_path, monkeypatch
):
  accuracies = [0.7, 0.6, 0.6, 0.9]
  with monkeypatch.context() as patch:
    _stop_at(patch, 7)
    with pytest.raises(InterruptedRunError):
      _patient(accuracies, monkeypatch, workdir=tmp_path)
  outcome = _patient(accuracies[2:], monkeypatch, workdir=tmp_path)
  assert int(outcome.state.step) == 9
  again = _patient([], monkeypatch, workdir=tmp_path)
  _assert_same(outcome.state, again.state)


def test_patience_without_validation_is_refused():
  with pytest.raises(UserError, match=r'--patience.*--labels_per_class'):
    _train('full', patience=1)
