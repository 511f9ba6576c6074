"""The loop: evaluation, divergence, the start, bad input."""

import json

import jax
import numpy as np
import pytest

from da_jax import checkpoint, evaluate, journal, metrics, train
from da_jax.data import batches
from da_jax.errors import DivergedError, InterruptedRunError, UserError
from tests import toy, training


@pytest.mark.slow
def test_the_wait_for_input_is_told(tmp_path, monkeypatch):
  """What a slow reader took is counted, over an interruption, and no more."""
  monkeypatch.setattr(journal, 'LOG_EVERY', 5)
  for seconds in (0.0, 0.1):
    slow = training.slow(seconds)
    with monkeypatch.context() as patch:
      patch.setattr(batches, 'batches', slow)
      training.stop_at(patch, 13)
      with pytest.raises(InterruptedRunError):
        training.run('source_only', tmp_path / str(seconds))
      patch.setattr(journal.Journal, 'step', _STEP)
      outcome = training.run('source_only', tmp_path / str(seconds))
    text = (tmp_path / str(seconds) / metrics.FILE).read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    shares = [line['input_wait'] for line in lines if 'input_wait' in line]
    assert len(shares) == 4 and all(0 <= share <= 1 for share in shares)
    record = outcome.record
    assert 24 * seconds <= record['waited'] <= record['stepped']
    assert record['stepped'] <= record['seconds']


_STEP = journal.Journal.step


def test_seed_changes_the_run_and_nothing_else_does():
  training.assert_same(training.run(seed=1).state, training.run(seed=1).state)
  differs = jax.tree.map(
    lambda a, b: bool(np.any(a != b)),
    training.run(seed=1).state.params,
    training.run(seed=2).state.params,
  )
  assert any(jax.tree.leaves(differs))


@pytest.mark.parametrize('batch_size', [1, 7, 41, 64])
def test_evaluation_is_exact_whatever_the_batch(batch_size):
  pair = toy.pair()
  outcome = training.run()
  predict = evaluate.compile_predict(
    training.DROPOUT['dann'].predict, pair.prepare, batch_size
  )
  logits = predict(outcome.state, pair.target_test.x).logits
  whole = (
    training.DROPOUT['dann'].predict(outcome.state, pair.target_test.x).logits
  )
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
    training.run(
      'source_only', tmp_path, pair=bad, steps=60, checkpoint_every=1
    )
  arrays = checkpoint.read_arrays(tmp_path)
  assert all(np.all(np.isfinite(value)) for value in arrays.values())


def test_batch_must_fit_the_data_and_the_devices():
  with pytest.raises(UserError, match=r'batch_size=84.*there has 80'):
    training.run(batch_size=84)
  with pytest.raises(UserError, match=r'batch_size=18.*4 devices'):
    training.run(batch_size=18)


def test_checkpoint_of_another_shape_is_named(tmp_path):
  with checkpoint.Checkpoints(tmp_path) as checkpoints:
    checkpoints.save(1, {'state': {'w': np.ones(3)}, 'record': {'a': 1}})
  arrays = checkpoint.read_arrays(tmp_path)
  with pytest.raises(UserError, match=r'state/w \(4,\) \(there \(3,\)\)'):
    checkpoint.fill({'state': {'w': np.ones(4)}}, arrays, 'It')
  with pytest.raises(UserError, match=r'state/v \(3,\) \(missing\)'):
    checkpoint.fill({'state': {'v': np.ones(3)}}, arrays, 'It')


def test_begin_comes_after_the_weights_and_after_the_first_evaluation():
  order = []
  method = training.DROPOUT['full']._replace(
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

  method = training.DROPOUT['full']
  placed = method._replace(
    init=lambda key, batch: jax.tree.map(
      lambda x: x + 0, shared(method.init(key, batch))
    )
  )
  for other in (placed, placed._replace(begin=shared)):
    options = {'start': shared, 'target_labels': True, 'quiet': True}
    outcome = train.train(other, toy.pair(), steps=3, batch_size=16, **options)
    assert int(outcome.state.step) == 3
