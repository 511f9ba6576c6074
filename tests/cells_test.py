"""A matrix of processes: what is done, what fails, what waits for what."""

from concurrent import futures
import json
import signal
import subprocess
import sys
import time

import pytest

from da_jax import cells, locks, runs
from da_jax.cells import Cell
from tests import scripts

_WRITE = """
import pathlib, sys
run = pathlib.Path(sys.argv[1])
run.mkdir()  # fails where another has been
after = [pathlib.Path(name, 'results.json') for name in sys.argv[2:]]
assert all(path.exists() for path in after), 'too early'
(run / 'results.json').write_text('{"steps": 1}')
"""


def _writes(run, after=None):
  needed = () if after is None else (str(after),)
  return Cell(run, (sys.executable, '-c', _WRITE, str(run), *needed), after)


def _fails(run, why='there is no such flag'):
  said = f'import sys; print("one"); sys.exit("{why}")'
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


def test_a_failure_says_what_it_said_letter_by_letter(tmp_path, capsys):
  bad, other = tmp_path / 'bad[b]', tmp_path / 'other'
  why = 'photos[/day] has no [b]classes[/b]'
  failures = cells.run_all([_fails(bad, why), _writes(other)], jobs=1)
  assert failures == {bad: f'exit code 1, {why}'}
  told = ''.join(capsys.readouterr().err.split())
  assert ''.join(why.split()) in told and runs.results_of(other)


_WAIT = """
import pathlib, signal, sys, time
from da_jax import locks
run = pathlib.Path(sys.argv[1])
run.mkdir(exist_ok=True)
def stop(number, _):
  (run / 'saved').write_text(str(number))
  sys.exit({signal.SIGTERM: 75, signal.SIGINT: 130}[number])
with locks.held(run):
  for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, stop)
  (run / 'started').write_text('')
  time.sleep(float(sys.argv[2]))
  (run / 'results.json').write_text('{"steps": 2}')
"""
_WORKER = """
import pathlib, sys
from da_jax import cells, commands
script, *names = sys.argv[1:]
matrix = [
  cells.Cell(pathlib.Path(n), (sys.executable, '-c', script, n, '60'))
  for n in names
]
sys.argv[1:] = []
commands.run(lambda: print(cells.run_all(matrix, 2)), ())
"""


def _waits(run, seconds):
  command = (sys.executable, '-c', _WAIT, str(run), str(seconds))
  return Cell(run, command)


def _worker(*runs_):
  return subprocess.Popen(
    [sys.executable, '-c', _WORKER, _WAIT, *map(str, runs_)],
    cwd=scripts.ROOT,
    stderr=subprocess.PIPE,
    text=True,
  )


def _until(*paths):
  deadline = time.monotonic() + 60
  while not all(path.exists() for path in paths):
    assert time.monotonic() < deadline, paths
    time.sleep(0.02)


@pytest.mark.skipif(sys.platform != 'linux', reason='prctl is of Linux')
def test_runs_end_with_a_killed_parent_and_are_taken_over(tmp_path):
  names = [tmp_path / name for name in 'ab']
  worker = _worker(*names)
  _until(*(run / 'started' for run in names))
  worker.kill()
  worker.communicate()
  # At once: their ends are waited for, not taken for failures.
  assert cells.run_all([_waits(run, 0) for run in names], jobs=2) == {}
  for run in names:
    assert (run / 'saved').read_text() == str(int(signal.SIGTERM))
    assert runs.results_of(run) == {'steps': 2}


@pytest.mark.parametrize(
  ('number', 'code'), [(signal.SIGTERM, 75), (signal.SIGINT, 130)]
)
def test_a_signal_saves_the_runs_and_ends_with_their_code(
  number, code, tmp_path
):
  run = tmp_path / 'run'
  worker = _worker(run)
  _until(run / 'started')
  worker.send_signal(number)
  _, said = worker.communicate(timeout=60)
  assert worker.returncode == code
  assert 'stopped after 0 of 1 runs and saved' in said
  assert (run / 'saved').read_text() == str(int(number))
  assert not locks.is_held(run)


def test_two_workers_share_a_folder(tmp_path):
  """In threads, as claims are of open files and not of processes."""
  names = [tmp_path / f'{number}' for number in range(4)]
  # `_WRITE` fails where the folder exists: in a cell that both have run.
  matrix = [_writes(names[0]), *(_writes(run, names[0]) for run in names[1:])]
  with futures.ThreadPoolExecutor(2) as pool:
    found = list(pool.map(lambda _: cells.run_all(matrix, jobs=1), range(2)))
  assert found == [{}, {}]
  assert all(runs.results_of(run) for run in names)


def test_a_locked_run_is_waited_for(tmp_path):
  run = tmp_path / 'run'
  other = subprocess.Popen(_waits(run, 1.5).command, cwd=scripts.ROOT)
  _until(run / 'started')
  assert cells.run_all([_fails(run)], jobs=1) == {}
  assert other.wait() == 0


def test_a_preempted_run_goes_on(tmp_path):
  run = tmp_path / 'run'
  script = 'import pathlib, sys; run = pathlib.Path(sys.argv[1])\n'
  script += 'if not run.exists(): run.mkdir(); sys.exit(75)\n'
  script += '(run / "results.json").write_text("{}")'
  cell = Cell(run, (sys.executable, '-c', script, str(run)))
  assert cells.run_all([cell], jobs=1) == {}


def test_a_run_without_results_has_failed(tmp_path):
  cell = Cell(tmp_path / 'run', (sys.executable, '-c', ''))
  failures = cells.run_all([cell], jobs=1)
  assert failures == {cell.run: 'exit code 0, nothing was said'}


def test_what_a_run_does_after_its_results_is_waited_for(tmp_path):
  cell = _writes(tmp_path / 'run')
  more = "; import time; time.sleep(0.5); (run / 'report.html').write_text('')"
  command = (sys.executable, '-c', _WRITE.rstrip() + more, str(cell.run))
  assert cells.run_all([cell._replace(command=command)], jobs=1) == {}
  assert (cell.run / 'report.html').exists()
