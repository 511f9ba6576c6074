"""Signals: deferred in a loop, exceptions elsewhere."""

import contextlib
import signal
import subprocess
import sys
import time

import pytest

from da_jax import signals
from tests import scripts


class _StoppedError(Exception):
  """What a loop raises that stops for a signal."""


@pytest.mark.parametrize('number', signals.SIGNALS)
def test_deferred_tells_the_first_signal_and_puts_handlers_back(number):
  before = {n: signal.getsignal(n) for n in signals.SIGNALS}
  with contextlib.suppress(_StoppedError), signals.deferred() as received:
    assert received() is None
    signal.raise_signal(number)
    assert received() == number
    raise _StoppedError
  assert before == {n: signal.getsignal(n) for n in signals.SIGNALS}


@pytest.mark.parametrize('number', signals.SIGNALS)
def test_a_signal_that_nobody_stopped_for_comes_at_the_end(number):
  reached = []
  expected = (signals.PreemptedError, KeyboardInterrupt)
  with signals.raising(), pytest.raises(expected) as stop:
    with signals.deferred():
      signal.raise_signal(number)
      reached.append('the end of the work')
    reached.append('after it')
  assert reached == ['the end of the work']
  is_interrupt = stop.type is KeyboardInterrupt
  assert is_interrupt == (number == signal.SIGINT)
  assert is_interrupt or stop.value.args == (number,)


def test_schedulers_may_repeat_themselves_and_ctrl_c_is_impatience():
  with pytest.raises(KeyboardInterrupt), signals.deferred() as received:
    signal.raise_signal(signal.SIGUSR1)
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGUSR1)
    assert received() == signal.SIGUSR1
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize('number', signals.PREEMPTION)
def test_undeferred_preemption_is_an_exception(number):
  with signals.raising(), pytest.raises(signals.PreemptedError):
    signal.raise_signal(number)


class _Destroyed:
  def __del__(self):
    signal.raise_signal(signal.SIGTERM)


def test_a_signal_in_a_destructor_is_not_lost(capfd):
  """Where Python drops exceptions; JAX has callbacks of the same kind."""
  reached = []
  with signals.raising(), pytest.raises(signals.PreemptedError):
    _Destroyed()
    reached.append('after it')
    time.sleep(30)
  assert reached and capfd.readouterr().err == ''


def test_a_signal_in_a_destructor_just_before_steps_is_deferred():
  waited = []
  with signals.raising(), pytest.raises(signals.PreemptedError):
    _Destroyed()
    with signals.deferred() as received:
      end = time.monotonic() + 10
      while not received() and time.monotonic() < end:
        time.sleep(0.01)
      waited.append(received())
  assert waited == [signal.SIGTERM]


def test_other_exceptions_that_are_dropped_are_told(monkeypatch):
  told = []
  monkeypatch.setattr(sys, 'unraisablehook', told.append)

  class Broken:
    def __del__(self):
      raise ValueError('broken')

  with signals.raising():
    Broken()
  assert [str(unraisable.exc_value) for unraisable in told] == ['broken']
  assert sys.unraisablehook == told.append


@pytest.mark.parametrize('number', signals.PREEMPTION)
def test_a_command_preempted_outside_of_steps_is_to_be_run_again(number):
  """Also while it prepares data or writes a report."""
  program = """
import time
from da_jax import commands

def main():
  print('started', flush=True)
  time.sleep(60)

commands.run(main, ())
"""
  process = subprocess.Popen(
    [sys.executable, '-c', program],
    cwd=scripts.ROOT,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )
  assert process.stdout.readline() == 'started\n'
  asked = time.monotonic()
  process.send_signal(number)
  _, stderr = process.communicate(timeout=30)
  assert process.returncode == 75 and time.monotonic() - asked < 30
  assert stderr == '-c: preempted before anything was lost.\n'


def test_a_repeated_signal_does_not_change_the_code():
  """Not even while the interpreter ends, which may take seconds."""
  program = """
import atexit, signal, time
from da_jax import commands
from da_jax.errors import InterruptedRunError

def main():
  atexit.register(lambda: (signal.raise_signal(signal.SIGTERM), time.sleep(1)))
  raise InterruptedRunError(signal.SIGUSR1, 3)

commands.run(main, ())
"""
  process = subprocess.run(
    [sys.executable, '-c', program],
    cwd=scripts.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )
  assert process.returncode == 75
  assert process.stderr == (
    '-c: stopped at step 3 and saved: the same command goes on.\n'
  )
