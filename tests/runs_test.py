"""What may differ when a run goes on."""

import json

import pytest

from da_jax import runs
from da_jax.errors import UserError


def _config(command='first', **flags):
  flags = {'steps': 2, 'baseline': 'a/source_only', 'workers': 0} | flags
  return {'method': 'dann', 'command': command, 'flags': flags, 'data': ''}


@pytest.fixture
def begun(tmp_path):
  """An interrupted run."""
  runs.claim(tmp_path, _config(), overwrite=False)
  (tmp_path / 'checkpoints' / '1').mkdir(parents=True)
  return tmp_path


def test_an_interrupted_run_takes_another_baseline(begun):
  path = begun / runs.CONFIG
  runs.claim(begun, _config('free', workers=2), overwrite=False)
  assert json.loads(path.read_text()) == _config()
  other = _config('second', baseline='/mnt/a/source_only')
  assert runs.claim(begun, other, overwrite=False) is None
  assert json.loads(path.read_text()) == other
  with pytest.raises(UserError, match='--steps=2 there, 3 now'):
    runs.claim(begun, _config(steps=3, baseline='none'), overwrite=False)
  assert json.loads(path.read_text()) == other


def test_a_finished_run_keeps_its_baseline(begun):
  (begun / runs.RESULTS).write_text('{"steps": 2}')
  assert runs.claim(begun, _config(), overwrite=False) == {'steps': 2}
  with pytest.raises(UserError, match='--baseline=a/source_only there, none'):
    runs.claim(begun, _config(baseline='none'), overwrite=False)
