"""kill -9 at random moments of one run: the same bits in the end."""

import json
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from da_jax import best, checkpoint, observation, runs
from tests import scripts

KILLS, STEPS = 5, 400
FLAGS = (
  f'--steps={STEPS}',
  '--batch_size=16',
  '--checkpoint_every=20',
  '--eval_every=100',
  '--baseline=none',
  '--keep_best',
  '--noreport',
)


def _start(run):
  return subprocess.Popen(
    [sys.executable, '-m', 'experiments.dann', *FLAGS, f'--workdir={run}'],
    cwd=scripts.ROOT,
    env=scripts.environment(devices=1),
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
  )


def _newest(run) -> int:
  """Step of the newest finished checkpoint."""
  steps = (run / checkpoint.FOLDER).glob('*')
  return max((int(p.name) for p in steps if p.name.isdigit()), default=0)


def _results(run) -> dict:
  """What a run found, without the time that it took."""
  results = json.loads((run / runs.RESULTS).read_text())
  return {k: v for k, v in results.items() if k not in observation.COSTS}


@pytest.mark.slow
def test_five_kills_change_no_bit(tmp_path):
  whole, killed = tmp_path / 'whole', tmp_path / 'killed'
  assert _start(whole).wait(timeout=300) == 0
  seed = random.SystemRandom().randrange(10**6)
  rng = random.Random(seed)
  print(f'kills drawn from seed {seed}, at checkpoints', end=' ')
  for kill in range(1, KILLS + 1):
    process = _start(killed)
    # Past the last kill's checkpoint, so that all five hit different steps.
    floor = max(_newest(killed), (kill - 1) * STEPS // (KILLS + 1))
    while _newest(killed) <= floor and process.poll() is None:
      time.sleep(0.01)
    time.sleep(rng.uniform(0.0, 0.7))
    assert process.poll() is None, 'finished before the kill'
    process.kill()
    process.wait()
    print(_newest(killed), end=' ')
  assert _start(killed).wait(timeout=300) == 0
  expected, got = (checkpoint.read_arrays(run) for run in (whole, killed))
  assert expected.keys() == got.keys()
  for name, array in expected.items():
    np.testing.assert_array_equal(got[name], array, err_msg=name)
  assert _results(whole) == _results(killed)
  kept = {path.name for path in (whole / best.FOLDER).iterdir()}
  assert kept == {path.name for path in (killed / best.FOLDER).iterdir()}
  for name in kept:
    one, other = ((run / best.FOLDER / name) for run in (whole, killed))
    assert one.read_bytes() == other.read_bytes(), name
