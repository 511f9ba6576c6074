"""What `benchmarks.faults` does to files, and what it takes for equal."""

import json
import pathlib
import random
import subprocess
import sys

import jax.numpy as jnp
import numpy as np

from benchmarks import same, victim
from da_jax import metrics
from da_jax.checkpoint import Checkpoints
from tests import scripts


def _run(folder: pathlib.Path, *, zero: float = 0.0, loss=1.0, speed=3.0):
  with Checkpoints(folder) as checkpoints:
    state = {'w': jnp.asarray([zero, 1.0]), 'b': jnp.ones(3)}
    checkpoints.save(1, {'state': state, 'record': {}})
  line = {'step': 1, 'loss': loss, 'steps_per_second': speed}
  (folder / metrics.FILE).write_text(json.dumps(line))
  return folder


def test_a_bit_counts_and_time_does_not(tmp_path):
  run = _run(tmp_path / 'a')
  assert same.differing(run, _run(tmp_path / 'b', speed=4.0)) == []
  assert same.differing(run, _run(tmp_path / 'c', zero=-0.0)) == ['state/w']
  assert same.differing(run, _run(tmp_path / 'd', loss=2.0)) == [metrics.FILE]


def test_one_bit_is_flipped_and_files_are_cut(tmp_path):
  path, before = tmp_path / 'file', bytes(range(200))
  for seed in range(20):
    path.write_bytes(before)
    victim.flip(path, random.Random(seed))
    arrays = (np.frombuffer(d, np.uint8) for d in (before, path.read_bytes()))
    assert np.unpackbits(np.bitwise_xor(*arrays)).sum() == 1
    path.write_bytes(before)
    victim.truncate(path, random.Random(seed))
    left = path.read_bytes()
    assert len(left) < 200 and before.startswith(left)


def test_unfinished_checkpoints_do_not_count(tmp_path):
  run = victim.Victim(_run(tmp_path / 'run'), tmp_path / 'log', (), {})
  assert run.steps() == [1] and not run.saving() and run.size() > 0
  (run.folder / 'checkpoints' / '2.orbax-checkpoint-tmp').mkdir()
  assert run.newest() == 1 and run.saving()


def test_codes_and_tracebacks_are_judged():
  """In a process of its own, as flags of scripts have the same names."""
  program = """
from benchmarks.faults import CODES, Event, wrong
for kind, codes in CODES.items():
  assert not any(wrong(Event(kind, code, '')) for code in codes)
  assert wrong(Event(kind, 1, '')) == 'ends with 1'
  assert wrong(Event(kind, codes[0], 'Traceback (most')) == 'shows a traceback'
assert wrong(Event(None, 75, '')) and not wrong(Event(None, 0, ''))
"""
  subprocess.run([sys.executable, '-c', program], cwd=scripts.ROOT, check=True)
