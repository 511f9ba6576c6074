"""What the README and the pages of docs/ say runs."""

import json
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

from da_jax import data, train
from tests import scripts

TEXT = (scripts.ROOT / 'README.md').read_text()
PAGES = [TEXT, *(page.read_text() for page in scripts.ROOT.glob('docs/*.md'))]
COMMANDS = [
  command
  for page in PAGES
  for command in re.findall(r'^python -m ([\w.]+) (.+)$', page, re.M)
]
WORDS = (
  'prepare',
  'inspect',
  'export',
  'compare',
)  # take words that are no flags
PYTHON = re.findall(r'```python\n(.+?)```', TEXT, re.S)
EXAMPLE = next(block for block in PYTHON if 'import data' in block)
USE = next(block for block in PYTHON if 'da_jax.load' in block)


@pytest.mark.slow
def test_python_example_trains_and_predicts(capsys, monkeypatch):
  original = train.train
  monkeypatch.setattr(
    train,
    'train',
    lambda *args, **options: original(*args, **options, quiet=True),
  )
  example = EXAMPLE.replace('STEPS = 100', 'STEPS = 4')
  assert example != EXAMPLE
  names = {}
  exec(example, names)
  printed = capsys.readouterr().out.splitlines()
  assert len(printed) == 9
  assert all(line in names['pair'].class_names for line in printed[:8])
  assert np.all(np.isfinite(names['prediction'].logits))
  assert len(EXAMPLE.splitlines()) <= 20


@pytest.mark.slow
def test_python_example_uses_a_trained_run(tmp_path, monkeypatch, capsys):
  run = re.search(r"load\('(.+?)'\)", USE).group(1)
  scripts.train(tmp_path / run)
  monkeypatch.chdir(tmp_path)
  names = {'images': data.load('digits').target_test.x[:5]}
  exec(USE, names)
  assert capsys.readouterr().out == 'images [28, 28, 3]\n'
  assert len(names['names']) == 5


PROGRAM = f"""
import importlib, json, os, sys
from absl import flags
import jax, flax.linen, optax, scipy.stats, sklearn.linear_model  # once
for script, commands in json.load(sys.stdin).items():
  if os.fork():
    if os.wait()[1]:
      sys.exit(1)
    continue
  module = importlib.import_module(script)
  for command in commands:
    flags.FLAGS.unparse_flags()
    if hasattr(module, 'one_script'):  # flags of the script that is run
      module.one_script.known(['', *command])
    rest = flags.FLAGS([script, *command])
    assert len(rest) == 1 or script.endswith({WORDS}), (script, rest)
  sys.exit()
"""


def test_flags_of_the_commands_exist():
  """Each script in a process of its own, as flags of the others are there."""
  commands = {
    script: [shlex.split(flags) for name, flags in COMMANDS if name == script]
    for script, _ in COMMANDS
  }
  assert 'experiments.dann' in commands
  process = subprocess.run(
    [sys.executable, '-c', PROGRAM],
    cwd=scripts.ROOT,
    input=json.dumps(commands),
    capture_output=True,
    text=True,
    check=False,
  )
  assert process.returncode == 0, process.stderr


def test_make_targets_named_exist():
  makefile = (scripts.ROOT / 'Makefile').read_text()
  for target in re.findall(r'^make ([\w-]+)', TEXT, re.M):
    assert f'\n{target}:' in makefile
