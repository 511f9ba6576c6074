"""A run that was stopped or killed ends with the same bits."""

import json
import multiprocessing
import signal

import jax
import numpy as np
import pytest

from da_jax import checkpoint, hosts, journal, metrics, parallel, train
from da_jax.errors import InterruptedRunError
from tests import toy, training


@pytest.mark.parametrize(
  'name',
  [
    'dann',
    *(
      pytest.param(name, marks=pytest.mark.slow)
      for name in ('ewc', 'mmd', 'ema', 'full', 'bi_tuning')
    ),
  ],
)
def test_stopped_and_resumed_equals_undisturbed(name, tmp_path, monkeypatch):
  whole = training.run(name, tmp_path / 'whole')
  for stop in (3, 11, 20):
    with monkeypatch.context() as patch:
      training.stop_at(patch, stop)
      with pytest.raises(InterruptedRunError) as stopped:
        training.run(name, tmp_path / 'parts')
    assert stopped.value.step == stop
  parts = training.run(name, tmp_path / 'parts')
  training.assert_same(whole.state, parts.state)
  training.assert_same(whole.selected, parts.selected)
  assert whole.record.keys() == parts.record.keys()
  for which in ('first', 'last', 'selected', 'oracle', 'evaluations'):
    assert whole.record[which] == parts.record[which]


@pytest.mark.slow
def test_interrupted_with_workers_equals_undisturbed(tmp_path, monkeypatch):
  """And their number may change in between."""
  whole = training.run('dann', tmp_path / 'whole')
  with monkeypatch.context() as patch:
    training.stop_at(patch, 11)
    with pytest.raises(InterruptedRunError):
      training.run('dann', tmp_path / 'parts', workers=1)
  assert not multiprocessing.active_children()
  parts = training.run('dann', tmp_path / 'parts', workers=2)
  training.assert_same(whole.state, parts.state)
  training.assert_same(whole.selected, parts.selected)


def test_killed_runs_lose_only_what_followed_the_checkpoint(
  tmp_path, monkeypatch
):
  """A kill leaves the last checkpoint and metrics beyond it, cut on resume."""
  whole = training.run('dann', tmp_path / 'whole')

  def die(*_):
    raise KeyboardInterrupt

  with monkeypatch.context() as patch:
    patch.setattr(journal.Journal, 'step', _after(12, die))
    with pytest.raises(KeyboardInterrupt):
      training.run('dann', tmp_path / 'killed')
  resumed = training.run('dann', tmp_path / 'killed')
  training.assert_same(whole.state, resumed.state)

  def evaluations(run):
    lines = (tmp_path / run / metrics.FILE).read_text().splitlines()
    return [
      line for line in map(json.loads, lines) if 'target_accuracy' in line
    ]

  assert evaluations('killed') == evaluations('whole')
  assert [line['step'] for line in evaluations('whole')] == [10, 20, 24]


def test_stopped_on_four_devices_goes_on_with_one(tmp_path, monkeypatch):
  method = toy.all_methods()['dann']
  options = {**training.OPTIONS, 'steps': 20, 'quiet': True}
  whole = train.train(method, toy.pair(), **options)
  with monkeypatch.context() as patch:
    training.stop_at(patch, 9)
    with pytest.raises(InterruptedRunError):
      train.train(method, toy.pair(), workdir=tmp_path, **options)
  monkeypatch.setattr(parallel, 'devices', lambda: jax.devices()[:1])
  resumed = train.train(method, toy.pair(), workdir=tmp_path, **options)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5),
    jax.device_get(whole.state.params),
    jax.device_get(resumed.state.params),
  )


@pytest.mark.parametrize(
  'processes', [pytest.param(1, marks=pytest.mark.slow), 2]
)
def test_a_signal_in_the_last_evaluation_stops_what_follows(
  processes, tmp_path, monkeypatch
):
  """Also one that only another process got."""
  whole = training.run('dann', tmp_path / 'whole')
  original = journal.Journal.evaluation

  def evaluation(self, result):
    original(self, result)
    if result['step'] == 24 and processes == 1:
      signal.raise_signal(signal.SIGUSR1)

  with monkeypatch.context() as patch:
    patch.setattr(journal.Journal, 'evaluation', evaluation)
    if processes == 2:
      others = {'signal': float(signal.SIGUSR1)}
      patch.setattr(hosts, 'of_all', lambda mine: [mine, others])
    with pytest.raises(InterruptedRunError) as stopped:
      training.run('dann', tmp_path / 'parts')
  assert (stopped.value.signal_number, stopped.value.step) == (
    signal.SIGUSR1,
    24,
  )
  monkeypatch.setattr(journal.Journal, 'step', None)  # nothing is left to do
  parts = training.run('dann', tmp_path / 'parts')
  training.assert_same(whole.state, parts.state)
  training.assert_same(whole.selected, parts.selected)


def test_a_kill_before_the_first_checkpoint_doubles_no_line(
  tmp_path, monkeypatch
):
  def die(*_):
    raise KeyboardInterrupt

  with monkeypatch.context() as patch:
    patch.setattr(journal.Journal, 'step', _after(3, die))
    with pytest.raises(KeyboardInterrupt):
      training.run('dann', tmp_path, eval_at_start=True)
  assert len(metrics.read(tmp_path / metrics.FILE)) == 1
  training.run('dann', tmp_path, eval_at_start=True)
  lines = metrics.read(tmp_path / metrics.FILE)
  assert [line['step'] for line in lines] == [0, 10, 20, 24]


def _after(number, action):
  original = journal.Journal.step

  def step(self, at, values):
    original(self, at, values)
    if at == number:
      action()

  return step


def test_finished_run_is_not_trained_again(tmp_path, monkeypatch):
  whole = training.run('dann', tmp_path)
  monkeypatch.setattr(journal.Journal, 'step', None)
  again = training.run('dann', tmp_path)
  training.assert_same(whole.state, again.state)


def test_unreadable_checkpoint_falls_back_to_the_one_before(tmp_path):
  whole = training.run('dann', tmp_path)
  newest = tmp_path / checkpoint.FOLDER / '24' / 'arrays'
  for file in newest.rglob('*'):
    if file.is_file():
      file.write_bytes(b'')
  again = training.run('dann', tmp_path)
  training.assert_same(whole.state, again.state)


def _counting(method):
  """The method, and the step and examples of each call of `begin`."""
  calls = []

  def begin(state, batches, key):
    parts = [batch['target'] for batch in batches]
    calls.append((int(state.step), np.concatenate([p['y'] for p in parts])))
    return method.begin(state, iter([{'target': p} for p in parts]), key)

  return method._replace(begin=begin), calls


def test_begin_sees_an_epoch_once_and_never_on_resume(tmp_path, monkeypatch):
  method, calls = _counting(training.DROPOUT['ewc'])
  monkeypatch.setitem(training.DROPOUT, 'counting', method)
  monkeypatch.setattr(toy, 'SUPERVISED', ('counting',))
  with monkeypatch.context() as patch:
    training.stop_at(patch, 3)
    with pytest.raises(InterruptedRunError):
      training.run('counting', tmp_path)
  training.run('counting', tmp_path)
  ((step, y),) = calls
  assert step == 0
  assert sorted(y) == sorted(toy.pair().target_train.y)


def test_patience_survives_a_stop_and_an_end_is_not_passed(
  tmp_path, monkeypatch
):
  accuracies = [0.7, 0.6, 0.6, 0.9]
  with monkeypatch.context() as patch:
    training.stop_at(patch, 7)
    with pytest.raises(InterruptedRunError):
      training.patient(accuracies, monkeypatch, workdir=tmp_path)
  outcome = training.patient(accuracies[2:], monkeypatch, workdir=tmp_path)
  assert int(outcome.state.step) == 9
  again = training.patient([], monkeypatch, workdir=tmp_path)
  training.assert_same(outcome.state, again.state)
