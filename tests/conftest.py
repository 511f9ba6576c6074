"""Fake CPU devices, one compilation of each program, caches of our own.

Set before JAX looks for devices.
"""

import atexit
import os
import shutil
import signal
import sys
import tempfile

import pytest

_COUNT = '--xla_force_host_platform_device_count'
_FLAGS = os.environ.get('XLA_FLAGS', '')
if _COUNT not in _FLAGS:
  os.environ['XLA_FLAGS'] = f'{_FLAGS} {_COUNT}=4'.strip()
os.environ.setdefault('JAX_PLATFORMS', 'cpu')

if 'PYTEST_XDIST_WORKER' in os.environ:  # share what the main process made
  _CACHE = os.environ['JAX_COMPILATION_CACHE_DIR']
else:
  _CACHE = tempfile.mkdtemp(prefix='da_jax_compiled_')
  atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)
os.environ['JAX_COMPILATION_CACHE_DIR'] = _CACHE
os.environ['JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS'] = '0'
os.environ['JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES'] = '-1'
os.environ['DA_JAX_CACHE'] = tempfile.mkdtemp(prefix='da_jax_cache_')
atexit.register(shutil.rmtree, os.environ['DA_JAX_CACHE'], ignore_errors=True)


# In the background of a shell it is ignored, which children would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
  signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _signals_as_before():
  """A command that ends ignores signals, which children would inherit."""
  numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
  before = {number: signal.getsignal(number) for number in numbers}
  yield
  for number, handler in before.items():
    signal.signal(number, handler)


@pytest.fixture
def warnings(monkeypatch):
  """What is logged as a warning."""
  from absl import logging

  said = []
  monkeypatch.setattr(
    logging, 'warning', lambda m, *args: said.append(m % args)
  )
  return said


@pytest.fixture
def answer(monkeypatch, capsys):
  """Function of the flags of `source_only`: the exit code and what was said.

  In this process, as most of a script is the start of Python. `name` calls it
  otherwise, and then it is compared with itself. Its `printed` is what the last
  call wrote to stdout.
  """
  from absl import flags
  from absl.testing import flagsaver

  from experiments import common, source_only

  def run(*argv, name='source_only'):
    monkeypatch.setattr(sys, 'argv', [name, *argv])
    compare = name != 'source_only'
    with flagsaver.flagsaver(), pytest.raises(SystemExit) as stop:
      flags.FLAGS.unparse_flags()
      common.main(name, source_only.build, compare=compare)
    run.printed, said = capsys.readouterr()
    return stop.value.code, said

  return run
