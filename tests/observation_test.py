"""What is told of a run's costs, and of programs compiled again."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import hosts, journal, metrics, observation, runs, train
from da_jax.data import batches
from da_jax.errors import InterruptedRunError
from da_jax.journal import Journal
from da_jax.observation import Observer
from tests import toy
from tests.training import slow, stop_at

METHODS = toy.all_methods()


def _train(workdir=None, method='source_only', **options):
  options = {'steps': 12, 'batch_size': 16, 'eval_every': 100, **options}
  return train.train(
    METHODS[method],
    toy.pair(),
    workdir=workdir,
    target_labels=method in toy.SUPERVISED,
    quiet=True,
    **options,
  )


def _lines(path):
  lines = [json.loads(line) for line in path.read_text().splitlines()]
  return [line for line in lines if 'seconds_per_step' in line]


@pytest.mark.parametrize('name, domains', [('source_only', 2), ('full', 1)])
def test_an_interval_tells_times_and_examples(
  name, domains, tmp_path, monkeypatch
):
  monkeypatch.setattr(journal, 'LOG_EVERY', 4)
  monkeypatch.setattr(batches, 'batches', slow(0.05))
  _train(tmp_path, name)
  lines = _lines(tmp_path / metrics.FILE)
  assert [line['step'] for line in lines] == [4, 8, 12]
  assert lines[1]['seconds_per_step'] >= 0.05
  for line in lines:
    np.testing.assert_allclose(
      line['steps_per_second'] * line['seconds_per_step'], 1
    )
    np.testing.assert_allclose(
      line['examples_per_second'] * line['seconds_per_step'], 16 * domains
    )
    assert 'device_memory_gib' not in line  # CPU counts none
  counts = [line['compilations'] for line in lines]
  assert counts[0] >= 1 and counts == sorted(counts)
  assert list((tmp_path / 'tensorboard').iterdir())


def test_compilations_are_counted_while_entered_only():
  def compile_new():
    jax.jit(lambda x: x + np.random.default_rng().integers(2**30))(1)

  with Observer() as observer:
    compile_new()
    once = observer.compiled()
    assert once['compilations'] == 1 and 0 < once['compile_seconds'] < 60
    compile_new()
    assert observer.compiled()['compilations'] == 2
  compile_new()
  assert observer.compiled()['compilations'] == 2


def test_the_summary_is_of_all_parts_of_a_run(tmp_path, monkeypatch):
  """Medians, not means: the first step compiles."""
  monkeypatch.setattr(batches, 'batches', slow(0.02))
  with monkeypatch.context() as patch:
    stop_at(patch, 5)
    with pytest.raises(InterruptedRunError):
      _train(tmp_path)
  seen = []
  recorded = Observer.recorded

  def spied(self, record):
    seen.append((dict(record), self.compiled()['compilations']))
    return recorded(self, record)

  monkeypatch.setattr(Observer, 'recorded', spied)
  record = _train(tmp_path).record
  assert len(record['step_seconds']) == 12
  before = seen[0][0]['compilations']
  assert record['compilations'] == before + seen[-1][1] > before > 0
  summary = observation.summary(record)
  assert summary['seconds_per_step'] == round(
    float(np.median(record['step_seconds'])), 6
  )
  assert 0.02 <= summary['seconds_per_step'] < max(record['step_seconds'])
  np.testing.assert_allclose(
    summary['examples_per_second'],
    32 / np.median(record['step_seconds']),
    rtol=0.01,
  )
  assert summary['compilations'] == record['compilations']
  assert summary['device_memory_gib'] is None


def test_a_record_keeps_the_last_times_and_the_largest_memory(monkeypatch):
  class Device:
    def __init__(self, gib):
      self.memory_stats = lambda: {'peak_bytes_in_use': gib * 2**30}

  observer, record = Observer(), {}
  for gib, seconds in ((3, 1.0), (2, 2.0)):  # the second after a restart
    monkeypatch.setattr(jax, 'local_devices', lambda gib=gib: [Device(gib)])
    for _ in range(300):
      observer.step(seconds)
    assert observer.costs(0.5)['device_memory_gib'] == gib
    record = observer.recorded(record)
  assert record['step_seconds'] == [1.0] * 200 + [2.0] * 300
  assert record['device_memory_gib'] == 3


def test_records_of_before_have_no_summary_and_no_error():
  summary = observation.summary({'seconds': 1.0})
  assert summary['seconds_per_step'] is summary['examples_per_second'] is None
  assert summary['compilations'] == 0


@pytest.mark.parametrize(
  'name, mode', [('dann', 'jit'), ('dann', 'pmap'), ('ewc', 'jit')]
)
def test_no_warning_where_nothing_changes(name, mode, warnings, tmp_path):
  for steps in (2, 4):  # the second goes on
    _train(tmp_path, name, steps=steps, parallel_mode=mode)
  assert not warnings


def test_a_batch_of_other_shape_warns_and_says_so(warnings, monkeypatch):
  original = batches.batches

  def shrinking(*args, **kwargs):
    for step, batch in enumerate(original(*args, **kwargs)):
      rows = 16 if step < 3 else 12
      cut = {**batch['target'], 'x': batch['target']['x'][:rows]}
      yield {**batch, 'target': cut}

  monkeypatch.setattr(batches, 'batches', shrinking)
  _train(steps=5, name='dann on toys')
  (said,) = warnings
  assert 'update step of dann on toys was compiled again at step 4' in said
  assert 'target/x float32[16, 6] -> float32[12, 6]' in said
  assert 'source' not in said and '\n' not in said


def test_every_power_of_two_of_compilations_warns(warnings):
  with Observer() as observer:
    update = jax.jit(lambda state, batch, key: (state, batch['a']['x'].sum()))
    update = observer.watched(update, 'it', 0)
    for rows in range(1, 12):  # ten of them are compiled again
      update(0, {'a': {'x': np.ones(rows, np.float32)}}, None)
  assert [said.split('(')[1].split(')')[0] for said in warnings] == [
    'number 1',
    'number 2',
    'number 4',
    'number 8',
  ]
  assert ['at step 9' in said for said in warnings] == [False] * 3 + [True]


def test_a_state_of_other_types_warns_and_names_the_state(warnings):
  with Observer() as observer:
    update = jax.jit(lambda state, batch, key: (state + batch['a']['x'], {}))
    update = observer.watched(update, 'it', 7)
    state, batch = jnp.zeros(2, jnp.int32), {'a': {'x': np.ones(2, np.float32)}}
    for _ in range(4):
      state, _ = update(state, batch, None)
  (said,) = warnings
  assert 'at step 9' in said and 'types of the state' in said


def test_each_process_has_a_file_of_its_own(tmp_path, monkeypatch):
  """Process 0 writes what it was told of the others."""
  monkeypatch.setattr(journal, 'LOG_EVERY', 2)
  monkeypatch.setattr(jax, 'process_count', lambda: 2)
  monkeypatch.setattr(hosts, 'of_all', lambda n: [n, {**n, 'input_wait': 0.75}])
  with Observer() as observer:
    log = Journal(tmp_path, observer, 'it', 0, 4, True)
    for step in range(1, 5):
      log.step(step, {'loss': jnp.ones(())})
    log.settle()
    log.__exit__()
  first, other = (
    _lines(tmp_path / name) for name in ('metrics.jsonl', 'metrics-1.jsonl')
  )
  assert [line['step'] for line in other] == [2, 4]
  assert [line['input_wait'] for line in other] == [0.75, 0.75]
  assert 'loss' in first[0] and 'loss' not in other[0]
  assert (tmp_path / 'tensorboard' / 'process-1').is_dir()
  monkeypatch.setattr(jax, 'process_count', lambda: 1)
  with Observer() as observer:  # a resume by fewer cuts those of all
    Journal(tmp_path, observer, 'it', 2, 4, True).__exit__()
  for name in ('metrics.jsonl', 'metrics-1.jsonl'):
    assert [line['step'] for line in _lines(tmp_path / name)] == [2]
  (tmp_path / 'mine.jsonl').touch()
  runs._clear(tmp_path)
  assert [path.name for path in tmp_path.iterdir()] == ['mine.jsonl']
