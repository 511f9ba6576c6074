"""Launch files: what they would start, when they start again."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile

import pytest
import yaml

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


def _yaml(name: str) -> dict:
  return yaml.safe_load((LAUNCH / name).read_text())


def test_pods_find_each_other():
  job, service = (_yaml(f'kubernetes/{n}.yaml') for n in ('job', 'service'))
  assert (job['apiVersion'], job['kind']) == ('batch/v1', 'Job')
  assert (service['apiVersion'], service['kind']) == ('v1', 'Service')
  name, spec = job['metadata']['name'], job['spec']
  pod = spec['template']['spec']
  assert spec['completionMode'] == 'Indexed'
  assert spec['completions'] == spec['parallelism']
  assert pod['subdomain'] == service['metadata']['name']
  assert service['spec']['clusterIP'] == 'None'
  assert service['spec']['publishNotReadyAddresses'] is True
  assert service['spec']['selector'] == {'job-name': name}
  port = service['spec']['ports'][0]['port']
  (container,) = pod['containers']
  flags = container['args']
  assert f'--coordinator={name}-0.{pod["subdomain"]}:{port}' in flags
  assert f'--num_processes={spec["completions"]}' in flags
  mounts = {mount['name'] for mount in container['volumeMounts']}
  assert mounts == {volume['name'] for volume in pod['volumes']}
  claim = _yaml('kubernetes/claim.yaml')
  assert (claim['apiVersion'], claim['kind']) == ('v1', 'PersistentVolumeClaim')
  assert claim['spec']['accessModes'] == ['ReadWriteMany']
  (volume,) = pod['volumes']
  assert volume['persistentVolumeClaim'] == {
    'claimName': claim['metadata']['name']
  }


def test_pods_are_repeated_when_preempted():
  spec = _yaml('kubernetes/job.yaml')['spec']
  # The only one that a failure policy is allowed with.
  assert spec['template']['spec']['restartPolicy'] == 'Never'
  actions = {
    code: rule['action']
    for rule in spec['podFailurePolicy']['rules']
    if 'onExitCodes' in rule
    for code in rule['onExitCodes']['values']
  }
  assert actions == {PREEMPTED: 'Ignore', 2: 'FailJob'}
  assert spec['template']['spec']['terminationGracePeriodSeconds'] >= 60


def test_sky_repeats_what_was_preempted():
  task = _yaml('sky.yaml')
  assert task['num_nodes'] >= 1 and task['resources']['use_spot'] is True
  recovery = task['resources']['job_recovery']
  assert recovery['recover_on_exit_codes'] == [PREEMPTED]
  workdir = re.search(r'--workdir=(\S+)', task['run'])[1]
  assert any(workdir.startswith(mount) for mount in task['file_mounts'])
  assert _sky_command()[:4] == [
    'experiments.dann',
    *('--coordinator=10.0.0.1:8476', '--num_processes=2', '--process_id=1'),
  ]


def _sky_command() -> list[str]:
  """What the second of two machines runs."""
  text = subprocess.check_output(
    [
      'bash',
      '-c',
      _yaml('sky.yaml')['run'].replace('.venv/bin/python', 'echo'),
    ],
    env={
      'PATH': os.environ['PATH'],
      'SKYPILOT_NODE_IPS': '10.0.0.1\n10.0.0.2',
      'SKYPILOT_NUM_NODES': '2',
      'SKYPILOT_NODE_RANK': '1',
    },
    text=True,
  )
  return text.split()[1:]


def _commands() -> list[list[str]]:
  """What the files run, as module and flags."""
  container = _yaml('kubernetes/job.yaml')['spec']['template']['spec']
  lines = (LAUNCH / 'runs.txt').read_text().splitlines()
  return [
    container['containers'][0]['args'],
    *(line.split() for line in lines),
    _sky_command(),
  ]


@pytest.mark.parametrize('command', _commands(), ids=lambda c: c[0])
def test_flags_exist(command):
  program = f"""
import sys
from absl import flags
import {command[0]}
assert flags.FLAGS(sys.argv) == sys.argv[:1]
assert flags.FLAGS.steps
"""
  process = subprocess.run(
    [sys.executable, '-c', program, *command[1:]],
    cwd=scripts.ROOT,
    capture_output=True,
    text=True,
    check=False,
  )
  assert process.returncode == 0, process.stderr


@pytest.mark.parametrize('kind', ['cpu', 'cuda'])
def test_images_install_what_setup_knows(kind):
  text = (LAUNCH / f'Dockerfile.{kind}').read_text()
  lines = [line for line in text.splitlines() if line and line[0] != '#']
  assert lines[0].startswith('FROM python:3.11')
  assert lines[-1] == 'ENTRYPOINT ["python", "-m"]'
  setup = (scripts.ROOT / 'setup.py').read_text()
  for extra in re.findall(r"'\.\[(\w+)\]'", text):
    assert f"'{extra}': [" in setup


def test_the_page_names_files_that_exist_and_every_code():
  page = (scripts.ROOT / 'docs' / 'cluster.md').read_text()
  for path in re.findall(r'\blaunch/[\w./]+\w', page):
    assert (scripts.ROOT / path).exists(), path
  told = set(re.findall(r'^\| (\d+) \|', page, re.M))
  assert set(re.findall(r'^\| (\d+) \|', commands.__doc__, re.M)) <= told
