"""Joining the other processes: what the user hears, and by which code."""

import signal
import sys
import threading

from absl import flags
from absl.testing import flagsaver
import jax
import pytest

from da_jax import cluster, commands, runs, signals
from da_jax.errors import UnmetError, UserError


@pytest.fixture
def join(monkeypatch):
  """`cluster.join` of a process whose JAX does what is given."""
  monkeypatch.setattr(cluster, '_met', threading.Event())
  if not flags.FLAGS.is_parsed():
    flags.FLAGS.mark_as_parsed()

  def joined(initialize):
    monkeypatch.setattr(jax.distributed, 'initialize', initialize)
    with flagsaver.flagsaver(
      coordinator='host:1', num_processes=2, process_id=1
    ):
      cluster.join()

  return joined


def _failing(error):
  def initialize(**_):
    raise error

  return initialize


def test_a_process_that_is_not_alone_knows_it(join):
  given = {}
  assert not cluster.joined()
  join(given.update)
  assert cluster.joined()
  assert given['coordinator_address'] == 'host:1' and given['process_id'] == 1
  # JAX would abort before our sentence.
  assert given['initialization_timeout'] > cluster.JOIN_TIMEOUT == 300


def test_wrong_settings_are_the_user_s(join):
  with pytest.raises(UserError, match='do not find each other: no address'):
    join(_failing(ValueError('no address')))


def test_others_who_are_not_there_may_come_later(join, monkeypatch):
  error = jax.errors.JaxRuntimeError('UNAVAILABLE: connection refused')
  with pytest.raises(UnmetError, match=r'not come \(UNAVAILABLE: conn'):
    join(_failing(error))
  monkeypatch.setattr(cluster, 'JOIN_TIMEOUT', 0.01)
  end = threading.Event()
  with pytest.raises(UnmetError, match=r'within 0.01 s: start all'):
    join(lambda **_: end.wait(60))
  end.set()
  assert not cluster.joined()


def test_what_else_fails_is_a_traceback(join):
  with pytest.raises(RuntimeError, match='called once'):
    join(_failing(RuntimeError('should only be called once')))


def test_a_signal_does_not_wait_for_others(join):
  end = threading.Event()

  def initialize(**_):
    signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)
    end.wait(60)

  with signals.raising(), pytest.raises(signals.PreemptedError):
    join(initialize)
  end.set()


@pytest.mark.parametrize(
  ('error', 'code', 'said'),
  [
    (UnmetError('nobody came'), 75, 'nobody came'),
    (
      KeyboardInterrupt(),
      130,
      'stopped at once: the same command goes on from the last checkpoint.',
    ),
    (
      RuntimeError('NCCL error: no device\nmore'),
      1,
      "another process of the run is gone: see what it says; here it was 'NCCL"
      " error: no device'. The same commands go on from the last checkpoint.",
    ),
  ],
)
def test_codes_and_sentences(error, code, said, monkeypatch, capsys):
  monkeypatch.setattr(cluster, '_met', threading.Event())
  cluster._met.set()
  monkeypatch.setattr(sys, 'argv', ['script'])

  def main():
    raise error

  with flagsaver.flagsaver(), pytest.raises(SystemExit) as stop:
    flags.FLAGS.unparse_flags()
    commands.run(main, ())
  assert stop.value.code == code
  assert capsys.readouterr().err == f'script: {said}\n'


def test_processes_must_save_at_the_same_steps():
  """Though a run may go on with another interval."""
  base = {'steps': 9, 'eval_every': 3, 'checkpoint_every': 5, 'workdir': 'a'}
  config = lambda **flags: {'flags': base | flags, 'data': 1, 'method': 'm'}
  first = runs.concerted(config())
  assert runs.concerted(config(workdir='b')) == first
  for flag in ('steps', 'eval_every', 'checkpoint_every'):
    assert runs.concerted(config(**{flag: 7})) != first
