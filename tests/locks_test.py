"""Locks of folders: held by one, never stale."""

import os
import signal
import subprocess
import sys

import pytest

from da_jax import files, locks, runs
from da_jax.errors import UserError
from tests import scripts

_HOLD = """
import pathlib, sys, time
from da_jax import locks

with locks.held(pathlib.Path(sys.argv[1])):
  print('held', flush=True)
  time.sleep(60)
"""


def _holder(folder):
  process = subprocess.Popen(
    [sys.executable, '-c', _HOLD, str(folder)],
    cwd=scripts.ROOT,
    stdout=subprocess.PIPE,
    text=True,
  )
  assert process.stdout.readline() == 'held\n'
  return process


def test_a_second_run_is_refused_until_the_first_ends_however(tmp_path):
  holder = _holder(tmp_path)
  said = rf'process {holder.pid} on .* since 2'
  with pytest.raises(UserError, match=said), locks.held(tmp_path):
    pass
  holder.send_signal(signal.SIGKILL)
  holder.wait()
  with locks.held(tmp_path):
    text = (tmp_path / locks.FILE).read_text()
    assert text.startswith(f'process {os.getpid()} on')
    assert str(holder.pid) not in text
  with locks.held(tmp_path):
    pass


def test_two_runs_on_one_folder(tmp_path):
  run = tmp_path / 'run'
  with runs.locked(run, overwrite=False):
    process = scripts.run('source_only', f'--workdir={run}', '--overwrite')
  assert process.returncode == 2 and 'Traceback' not in process.stderr
  assert f'another run is going on in {run}' in process.stderr
  assert [path.name for path in run.iterdir()] == [locks.FILE]


def test_foreign_and_finished_folders_are_left_as_they_are(tmp_path):
  foreign, finished = tmp_path / 'foreign', tmp_path / 'finished'
  for folder, name in ((foreign, 'notes.txt'), (finished, runs.CONFIG)):
    folder.mkdir()
    (folder / name).write_text('{}')
  (finished / runs.RESULTS).write_text('{}')
  refused = pytest.raises(UserError, match='is not the folder of a run')
  with refused, runs.locked(foreign, overwrite=False):
    pass
  with runs.locked(finished, overwrite=False):
    pass
  assert not any((f / locks.FILE).exists() for f in (foreign, finished))


def test_the_reason_of_a_failure_is_the_systems():
  wrapped = ValueError("Error writing 'a/b/c' [os_error_code='28']")
  assert files.reason(wrapped) == 'No space left on device'
  assert files.reason(OSError(30, 'Read-only', 'x')) == 'Read-only'
  assert files.reason(Exception()) == 'Exception'
