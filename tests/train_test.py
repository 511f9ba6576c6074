"""The loop: exact resume, evaluation, selection, divergence."""

import json
import multiprocessing
import signal
import time

import jax
import numpy as np
import pytest

from da_jax import checkpoint, evaluate, journal, metrics, parallel, train
from da_jax.data import batches
from da_jax.data.pair import Examples
from da_jax.errors import DivergedError, InterruptedRunError, UserError
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


@pytest.mark.parametrize('name', ['dann', 'mmd', 'finetune'])
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
  for which in ('first', 'last', 'selected', 'oracle'):
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


def test_target_test_labels_change_nothing_but_the_report(tmp_path):
  """The oracle is recorded; parameters and selection never depend on it."""
  pair = toy.pair()
  wrong = pair.target_test._replace(y=(pair.target_test.y + 1) % toy.CLASSES)
  hidden = Examples(pair.target_train.x, np.zeros_like(pair.target_train.y))
  honest = _train(pair=pair)
  blind = _train(pair=pair._replace(target_test=wrong, target_train=hidden))
  _assert_same(honest.state, blind.state)
  _assert_same(honest.selected, blind.selected)
  step = lambda outcome: outcome.record['selected']['step']
  assert step(honest) == step(blind)


def test_selection_takes_the_best_validation_and_of_equals_the_latest():
  outcome = _train(steps=60)
  record = outcome.record
  predict = outcome.predict
  accuracy = evaluate.accuracy(predict, outcome.selected, toy.pair().source_val)
  assert accuracy == record['selected']['validation_accuracy']
  assert int(outcome.selected.step) == record['selected']['step']
  assert accuracy >= record['last']['validation_accuracy']
  oracle = record['oracle']['target_accuracy']
  assert oracle >= record['last']['target_accuracy']


def test_without_validation_the_last_step_is_selected():
  outcome = _train('finetune')
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
