"""Launch files that are read and not run: what they say fits the code."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from da_jax import commands
from tests import scripts

LAUNCH = scripts.ROOT / 'launch'


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
  assert actions == {commands.PREEMPTED: 'Ignore', 2: 'FailJob'}
  assert spec['template']['spec']['terminationGracePeriodSeconds'] >= 60


def test_sky_repeats_what_was_preempted():
  task = _yaml('sky.yaml')
  assert task['num_nodes'] >= 1 and task['resources']['use_spot'] is True
  recovery = task['resources']['job_recovery']
  assert recovery['recover_on_exit_codes'] == [commands.PREEMPTED]
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
