"""Importing da_jax keeps CPU users from wrong results."""

import subprocess
import sys

import pytest

PROGRAM = """
import importlib.metadata, os
version = importlib.metadata.version
importlib.metadata.version = lambda name: {version!r} or version(name)
import da_jax
print(os.environ.get('XLA_FLAGS', ''))
"""
OFF = '--xla_cpu_experimental_ynn_fusion_type='


@pytest.mark.parametrize(
  ('version', 'flags', 'expected'),
  [
    (None, '', OFF),
    (None, '--xla_dump_to=x', f'--xla_dump_to=x {OFF}'),
    (None, f'{OFF}all', f'{OFF}all'),
    ('0.8.2', '', ''),
    ('0.12.0.1', '', OFF),
    ('0.13.0rc1', '', OFF),
  ],
)
def test_flag_is_added_where_it_is_known_and_not_set(version, flags, expected):
  process = subprocess.run(
    [sys.executable, '-c', PROGRAM.format(version=version)],
    env={'XLA_FLAGS': flags, 'PATH': '', 'PYTHONPATH': ':'.join(sys.path)},
    capture_output=True,
    text=True,
    check=True,
  )
  assert process.stdout.strip() == expected


def test_flag_is_one_that_xla_takes():
  program = 'import da_jax, jax; print(jax.numpy.ones(2).sum())'
  process = subprocess.run(
    [sys.executable, '-c', program], capture_output=True, text=True, check=True
  )
  assert process.stdout.strip() == '2.0'
