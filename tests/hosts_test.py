"""Two real processes on one machine: the numbers of one, and never a hang."""

import json
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from da_jax import checkpoint, cluster
from tests import scripts

FLAGS = (
  '--steps=12',
  '--batch_size=16',
  '--eval_every=2',
  '--checkpoint_every=4',
  '--nobottleneck_norm',
  '--noreport',
)
LIMIT = 300


def _start(run, processes, *flags, of_each=((), ())):
  """Starts DANN on so many processes of one device."""
  with socket.socket() as free:
    free.bind(('127.0.0.1', 0))
    port = free.getsockname()[1]
  joining = (f'--coordinator=127.0.0.1:{port}', f'--num_processes={processes}')
  started = []
  for number in range(processes):
    here = (*joining, f'--process_id={number}') if processes > 1 else ()
    flags = (*FLAGS, *flags, f'--workdir={run}')
    command = ('-m', 'experiments.source_only', *flags, *here, *of_each[number])
    started.append(
      subprocess.Popen(
        [sys.executable, *command],
        cwd=scripts.ROOT,
        env=scripts.environment(devices=1),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
      )
    )
  return started


def _ends(started, limit=LIMIT):
  """Codes and what was said, of each."""
  try:
    said = [process.communicate(timeout=limit)[1] for process in started]
    return [process.returncode for process in started], said
  finally:
    for process in started:
      process.kill()


def _train(run, processes, *flags):
  codes, said = _ends(_start(run, processes, *flags))
  assert codes == [0] * processes, said
  return run


def _await_evaluation(run, started):
  deadline = time.monotonic() + LIMIT
  log = run / 'metrics.jsonl'
  while not (log.exists() and log.read_text()):
    assert all(process.poll() is None for process in started)
    assert time.monotonic() < deadline
    time.sleep(0.05)


def _assert_same(run, other):
  arrays, others = checkpoint.read_arrays(run), checkpoint.read_arrays(other)
  assert arrays.keys() == others.keys()
  for name, array in arrays.items():
    np.testing.assert_allclose(array, others[name], atol=1e-5, err_msg=name)
  results, expected = (
    json.loads((r / 'results.json').read_text()) for r in (run, other)
  )
  for name in ('target_accuracy', 'source_accuracy', 'per_class', 'steps'):
    assert results[name] == expected[name]
  lines, expected = (
    [json.loads(line) for line in (r / 'metrics.jsonl').open()]
    for r in (run, other)
  )
  assert len(lines) == len(expected)
  for line, other in zip(lines, expected, strict=True):  # up to rounding
    assert line == pytest.approx(other, rel=1e-5)


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
  return _train(tmp_path_factory.mktemp('runs') / 'alone', 1)


@pytest.mark.slow
def test_two_processes_compute_what_one_does(alone, tmp_path):
  _assert_same(_train(tmp_path / 'two', 2), alone)


@pytest.mark.slow
def test_each_process_tells_its_costs_and_the_first_is_traced(tmp_path):
  run = _train(tmp_path / 'run', 2, '--steps=51', '--profile=2:4')
  (other,) = [json.loads(line) for line in (run / 'metrics-1.jsonl').open()]
  lines = [json.loads(line) for line in (run / 'metrics.jsonl').open()]
  (first,) = [line for line in lines if 'seconds_per_step' in line]
  assert other['step'] == first['step'] == 50
  assert other.keys() == first.keys() - {
    'loss',
    'gradient_norm',
    'source_batch_accuracy',
  }
  for line in (first, other):
    examples = line['examples_per_second'] * line['seconds_per_step']
    np.testing.assert_allclose(examples, 32, rtol=1e-5)
    assert line['compilations'] > 0 and 0 <= line['input_wait'] <= 1
  assert len(list((run / 'profile').rglob('*.xplane.pb'))) == 1


@pytest.mark.slow
@pytest.mark.parametrize('first, then', [(2, 1), (1, 2)])
def test_preempted_and_resumed_on_other_processes(first, then, alone, tmp_path):
  """A signal to one process stops all at one step."""
  run = tmp_path / 'run'
  started = _start(run, first)
  _await_evaluation(run, started)
  started[-1].send_signal(signal.SIGTERM)
  codes, said = _ends(started)
  assert codes == [75] * first, said
  steps = {text.split('stopped at step ')[1].split()[0] for text in said}
  assert len(steps) == 1 and not (run / 'results.json').exists()
  _assert_same(_train(run, then), alone)


@pytest.mark.slow
@pytest.mark.parametrize(
  'victim, number', [(0, 'SIGKILL'), (1, 'SIGKILL'), (1, 'SIGSTOP')]
)
def test_the_death_of_one_ends_the_other(victim, number, tmp_path):
  """Killed, or cut off: that is silent, as a frozen process is."""
  run = tmp_path / 'run'
  started = _start(run, 2, '--steps=2000')
  _await_evaluation(run, started)
  started[victim].send_signal(signal.Signals[number])
  try:
    codes, said = _ends([started[1 - victim]], 2 * cluster.SILENCE)
  finally:
    started[victim].kill()
    started[victim].communicate()
  assert codes[0] not in (0, 75)
  assert (
    'another process of the run is gone' in said[0]
    or 'most likely indicates that another task died' in said[0]
  )


@pytest.mark.slow
def test_processes_of_other_flags_are_refused(tmp_path):
  run = tmp_path / 'run'
  codes, said = _ends(_start(run, 2, of_each=((), ('--seed=1',))))
  assert codes[0] == 2 and codes[1] != 0
  assert 'the data or flags of process 1 are not those of' in said[0]
  assert not (run / 'config.json').exists()


@pytest.mark.slow
def test_what_the_first_process_refuses_ends_all(tmp_path):
  (tmp_path / 'notes.txt').write_text('mine')
  codes, said = _ends(_start(tmp_path, 2))
  assert codes[0] == 2 and codes[1] != 0
  assert 'is not the folder of a run' in said[0]


@pytest.mark.parametrize(
  'flags, said',
  [
    (('--coordinator=host:1',), 'needs --num_processes and --process_id'),
    (
      ('--coordinator=host', '--num_processes=2', '--process_id=0'),
      'the first is host:port',
    ),
    (
      ('--coordinator=host:1', '--num_processes=2', '--process_id=2'),
      'the second below the third',
    ),
    (('--distributed',), 'do not find each other'),
  ],
)
def test_half_an_address_is_refused(flags, said):
  process = scripts.run('source_only', *flags)
  assert process.returncode == 2 and said in process.stderr
  assert 'Traceback' not in process.stderr
