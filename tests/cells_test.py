"""A matrix of processes: what is done, what fails, what waits for what."""

import json
import sys

from da_jax import cells, runs
from da_jax.cells import Cell

_WRITE = """
import pathlib, sys
run = pathlib.Path(sys.argv[1])
run.mkdir()
after = [pathlib.Path(name, 'results.json') for name in sys.argv[2:]]
assert all(path.exists() for path in after), 'too early'
(run / 'results.json').write_text('{"steps": 1}')
"""


def _writes(run, after=None):
  needed = () if after is None else (str(after),)
  return Cell(run, (sys.executable, '-c', _WRITE, str(run), *needed), after)


def _fails(run):
  said = 'import sys; print("one"); sys.exit("there is no such flag")'
  return Cell(run, (sys.executable, '-c', said))


def test_all_run_and_what_others_need_comes_first(tmp_path):
  first, second = tmp_path / 'first', tmp_path / 'second'
  matrix = [_writes(second, first), _writes(first)]
  assert cells.run_all(matrix, jobs=2) == {}
  assert runs.results_of(second) == {'steps': 1}


def test_what_is_done_is_left_alone(tmp_path):
  run = tmp_path / 'run'
  run.mkdir()
  (run / runs.RESULTS).write_text(json.dumps({'steps': 7}))
  assert cells.run_all([_fails(run)], jobs=1) == {}
  assert runs.results_of(run) == {'steps': 7}


def test_a_failure_is_named_and_harms_only_what_needs_it(tmp_path):
  bad, needs, other = (tmp_path / name for name in ('bad', 'needs', 'other'))
  matrix = [_fails(bad), _writes(needs, bad), _writes(other)]
  failures = cells.run_all(matrix, jobs=2)
  assert failures[bad] == 'exit code 1, there is no such flag'
  assert 'baseline failed' in failures[needs]
  assert 'no such flag' in failures[needs]
  assert set(failures) == {bad, needs}
  assert runs.results_of(other) and not needs.exists()
