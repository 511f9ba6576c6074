"""Launch scripts: what they would start, when they start again."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile

import pytest

from da_jax import commands
from tests import scripts

LAUNCH = scripts.ROOT / 'launch'
SHELL = (
  *sorted(LAUNCH.glob('*.sh')),
  LAUNCH / 'slurm.sbatch',
  scripts.ROOT / 'benchmarks' / 'slurm.sh',
)
PREEMPTED = commands.PREEMPTED


def _stub(folder: pathlib.Path, name: str, text: str) -> pathlib.Path:
  """A command that is found before the real one."""
  path = folder / name
  path.write_text(f'#!/usr/bin/env bash\n{text}\n')
  path.chmod(0o755)
  return path


def _run(folder, *command, **environment):
  path = f'{folder}{os.pathsep}{os.environ["PATH"]}'
  return subprocess.run(
    command,
    cwd=scripts.ROOT,
    env={**os.environ, 'PATH': path, **environment},
    capture_output=True,
    text=True,
    timeout=60,
    check=False,
  )


@pytest.mark.parametrize('path', SHELL, ids=lambda path: path.name)
def test_shell_is_sound(path):
  checker = shutil.which('shellcheck')
  command = (checker, path) if checker else ('bash', '-n', path)
  process = subprocess.run(command, capture_output=True, text=True, check=False)
  assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.parametrize(
  'codes, code', [('0 0', 0), ('75 75', 75), ('75 1', 1), ('2 75', 2)]
)
def test_local_starts_all_and_says_the_worst(codes, code, tmp_path):
  python = _stub(
    tmp_path,
    'fake',
    f'echo "$JAX_LOCAL_DEVICE_IDS $*"; c=({codes})\n'
    'exit "${c[$JAX_LOCAL_DEVICE_IDS]}"',
  )
  process = _run(
    tmp_path, 'launch/local.sh', 'experiments.dann', '--steps=3', PYTHON=python
  )
  assert process.returncode == code, process.stderr
  shared = '--coordinator=127.0.0.1:8476 --num_processes=2'
  assert sorted(process.stdout.splitlines()) == [
    f'{n} -m experiments.dann --steps=3 {shared} --process_id={n}'
    for n in range(2)
  ]


@pytest.mark.parametrize('number', ['SIGTERM', 'SIGUSR1', 'SIGINT'])
def test_local_lets_all_save(number, tmp_path):
  """And waits for them, though the signal comes twice."""
  waiting = """
import os, time
from da_jax import signals

with signals.deferred() as received:
  os.write(1, b'started\\n')  # at once, as several do
  while not received():
    time.sleep(0.01)
  time.sleep(1)
  os.write(1, b'saved\\n')
  os._exit(75)
"""
  (tmp_path / 'waiting.py').write_text(waiting)
  process = subprocess.Popen(
    ['launch/local.sh', 'waiting'],
    cwd=scripts.ROOT,
    env={
      **os.environ,
      'PYTHON': sys.executable,
      'PYTHONPATH': f'{tmp_path}{os.pathsep}{scripts.ROOT}',
    },
    stdout=subprocess.PIPE,
    text=True,
  )
  for _ in range(2):
    assert process.stdout.readline() == 'started\n'
  for _ in range(2):
    process.send_signal(signal.Signals[number])
  text, _ = process.communicate(timeout=60)
  assert process.returncode == PREEMPTED
  assert text.split() == ['saved', 'saved']


@pytest.mark.parametrize(
  'ended, state, requeued',
  [
    *((0, 'RUNNING', 0), (1, 'RUNNING', 0), (2, 'RUNNING', 0)),
    *((75, 'RUNNING', 1), (75, 'COMPLETING', 0)),
  ],
)
def test_slurm_requeues_what_was_preempted_and_nothing_else(
  ended, state, requeued, tmp_path
):
  """Nor what was cancelled, nor other elements of the array."""
  log = tmp_path / 'log'
  _stub(tmp_path, 'srun', f'echo "srun $*" >>{log}; exit {ended}')
  _stub(
    tmp_path,
    'squeue',
    f'if [[ $* == *--states={state}*--jobs=77_1 ]]; then echo 77_1; fi',
  )
  _stub(tmp_path, 'scontrol', f'echo "scontrol $*" >>{log}')
  job = {'SLURM_ARRAY_TASK_ID': '1', 'SLURM_ARRAY_JOB_ID': '77'}
  job |= {'SLURM_JOB_ID': '77', 'SLURM_NTASKS': '4', 'SLURM_CPUS_PER_TASK': '8'}
  script = ('bash', 'launch/slurm.sbatch', 'launch/runs.txt')
  process = _run(tmp_path, *script, PYTHON='python', **job)
  lines = log.read_text().splitlines()
  run = (LAUNCH / 'runs.txt').read_text().splitlines()[1]
  assert lines[0] == f'srun --cpus-per-task=8 python -m {run} --distributed'
  assert lines[1:] == ['scontrol requeue 77_1'] * requeued
  assert process.returncode == (0 if requeued else ended), process.stderr


def test_slurm_says_what_it_was_not_given(tmp_path):
  script = ('bash', 'launch/slurm.sbatch', 'launch/runs.txt')
  _stub(tmp_path, 'srun', 'echo "srun $*"')
  process = _run(tmp_path, *script)
  assert process.returncode == 1 and 'give --array' in process.stderr
  job = {'SLURM_ARRAY_TASK_ID': '99', 'SLURM_ARRAY_JOB_ID': '7'}
  process = _run(tmp_path, *script, **job)
  assert process.returncode == 1 and 'no line 100 in' in process.stderr
  # Tasks may be left to SLURM, which then does not say how many.
  process = _run(tmp_path, *script, **job | {'SLURM_ARRAY_TASK_ID': '0'})
  assert process.returncode == 0 and '--distributed' not in process.stdout


def test_slurm_reads_all_directives():
  """It stops reading them at the first command."""
  lines = (LAUNCH / 'slurm.sbatch').read_text().splitlines()
  first = next(n for n, line in enumerate(lines) if line and line[0] != '#')
  directives = [n for n, line in enumerate(lines) if line.startswith('#SBATCH')]
  assert max(directives) < first
  text = '\n'.join(lines)
  assert '--requeue' in text and '--signal=USR1@' in text
  assert '--gpus-per-task' not in text


def test_tpu_flags_survive_the_shells_of_the_workers(tmp_path):
  _stub(tmp_path, 'gcloud', 'printf "%s\\n" "$@"')
  process = _run(
    tmp_path, 'launch/tpu_vm.sh', 'experiments.dann', '--source=my photos'
  )
  lines = process.stdout.splitlines()
  assert process.returncode == 0 and '--worker=all' in lines
  command = next(line for line in lines if line.startswith('--command='))
  script = command.removeprefix('--command=').split(' && ')[1]
  echoed = script.replace('.venv/bin/python', 'printf "%s\\n"')
  words = subprocess.check_output(['bash', '-c', echoed], text=True)
  assert words.splitlines() == [
    *('-m', 'experiments.dann', '--source=my photos', '--distributed')
  ]


@pytest.mark.parametrize(
  'word, said',
  [
    ('stop', '--command=pkill -TERM'),
    ('fetch', 'da-jax:da_jax/runs'),
    ('delete', 'delete'),
  ],
)
def test_tpu_words(word, said, tmp_path):
  _stub(tmp_path, 'gcloud', 'printf "%s\\n" "$@"')
  process = _run(tmp_path, 'launch/tpu_vm.sh', word)
  assert process.returncode == 0, process.stderr
  assert any(line.startswith(said) for line in process.stdout.splitlines())


def test_tpu_workers_know_the_revision(tmp_path):
  _stub(tmp_path, 'gcloud', 'true')
  process = _run(tmp_path, 'launch/tpu_vm.sh', 'create', TMPDIR=str(tmp_path))
  assert process.returncode == 0, process.stderr
  with tarfile.open(tmp_path / 'da_jax.tar.gz') as archive:
    revision = archive.extractfile('da_jax/REVISION').read().decode().strip()
    assert 'da_jax/setup.py' in archive.getnames()
  assert re.fullmatch('[0-9a-f]{40}', revision)
