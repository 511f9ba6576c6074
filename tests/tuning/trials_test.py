"""Trials of a sweep: shared, left behind, given up, failed."""

import json
import signal
import statistics
import threading
import time

from optuna.trial import TrialState
import pytest

from da_jax import locks, signals
from da_jax.errors import InterruptedRunsError, UserError
from da_jax.report import sweep_page
from da_jax.tuning import outcome, study, trials
from tests.tuning import sweeps


def _params(sweep):
  return [trial.params for trial in study.trials(sweep)]


def _states(sweep):
  return [trial.state for trial in study.trials(sweep)]


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
  """A sweep by one worker that nobody disturbed."""
  sweep = sweeps.opened(tmp_path_factory.mktemp('whole'))
  trials.carry_out(sweep, sweeps.command())
  return sweep


def test_as_many_as_asked_for_are_made(whole):
  assert _states(whole) == [TrialState.COMPLETE] * 4
  assert len({str(params) for params in _params(whole)}) == 4
  for trial in study.trials(whole):
    assert 1e-4 <= trial.params['rate'] <= 1
    assert sweeps.starts(whole, trial.number) == 1
  assert study.take(whole) is None and study.is_done(whole)


def test_accuracies_on_the_target_choose_nothing(tmp_path):
  """With others the same is tried, by TPE as well, and scored."""
  found = []
  for name, shift in (('one', 1.0), ('other', 0.3)):
    sweep = sweeps.opened(tmp_path / name, sampler='tpe', trials=11)
    trials.carry_out(sweep, sweeps.command(shift=shift))
    record = study.trials(sweep)
    found.append([(trial.params, trial.value) for trial in record])
  assert found[0] == found[1]


def test_what_a_killed_worker_had_is_taken_up_and_nothing_else(whole, tmp_path):
  first, second = (sweeps.opened(tmp_path) for _ in range(2))
  kept, lost = study.take(first), study.take(first)
  lost.claim.close()  # as the end of its process does
  again = study.take(second)
  assert (kept.trial.number, again.trial.number) == (0, 1)
  assert again.values == lost.values
  again.claim.close()
  kept.claim.close()
  trials.carry_out(second, sweeps.command())
  assert _params(second) == _params(whole)
  assert _states(first) == [TrialState.COMPLETE] * 4


def test_a_trial_whose_run_still_ends_is_left_to_it(tmp_path):
  sweep = sweeps.opened(tmp_path, trials=1)
  work = study.take(sweep)
  work.claim.close()
  work.run.mkdir()
  with locks.held(work.run):
    assert study.take(sweep) is None
  assert study.take(sweep).trial.number == 0


def test_two_workers_share_the_trials(whole, tmp_path):
  sweeps_ = [sweeps.opened(tmp_path) for _ in range(2)]
  threads = [
    threading.Thread(target=trials.carry_out, args=(s, sweeps.command(0.05)))
    for s in sweeps_
  ]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert _states(sweeps_[0]) == [TrialState.COMPLETE] * 4
  assert _params(sweeps_[0]) == _params(whole)
  assert [sweeps.starts(sweeps_[0], n) for n in range(4)] == [1] * 4


def test_a_line_that_was_cut_is_left_out(tmp_path):
  first = sweeps.opened(tmp_path)
  work = study.take(first)
  work.claim.close()
  journal = tmp_path / 'journal.log'
  whole = journal.read_bytes()
  journal.write_bytes(whole + b'{"op_code": 4, "wor')
  second = sweeps.opened(tmp_path)
  lines = journal.read_bytes()
  assert lines.startswith(whole)
  assert all(json.loads(line) for line in lines.splitlines())
  assert study.take(second).values == work.values


def _grid(folder):
  lists = sweeps.optuna.distributions.CategoricalDistribution
  tuned = {'rate': lists(['0.1', '0.01']), 'width': lists(['8', '16'])}
  record = sweeps.ranges.to_json(tuned)
  return sweeps.opened(folder, ranges=record, sampler='grid', trials=4)


def test_a_grid_is_tried_once_each(tmp_path):
  one, other = (_grid(tmp_path) for _ in range(2))
  works = [study.take(sweep) for sweep in (one, other, one, other)]
  points = {(w.values['rate'], w.values['width']) for w in works}
  assert len(points) == 4 and study.take(one) is None


@pytest.mark.parametrize('end', ['COMPLETE', 'FAIL', 'PRUNED'])
def test_a_grid_ends_however_its_last_trial_does(end, tmp_path, monkeypatch):
  sweep = _grid(tmp_path)
  is_last = lambda work: work.trial.number == 3
  if end == 'FAIL':
    sweeps.hinder(sweep, 3, 1)
  if end == 'PRUNED':
    monkeypatch.setattr(trials, '_is_hopeless', lambda _, work: is_last(work))
  pause = lambda work: 5.0 if end == 'PRUNED' and is_last(work) else 0.0
  trials.carry_out(sweep, lambda work: sweeps.command(pause(work))(work))
  assert _states(sweep) == [*3 * [TrialState.COMPLETE], TrialState[end]]
  assert len({str(params) for params in _params(sweep)}) == 4
  assert '4 trials: ' in sweep_page.write(sweep, outcome.rows(sweep))
  assert (tmp_path / 'index.html').exists()


@pytest.mark.parametrize('shift', [1.0, -1.0])
def test_runs_below_the_median_are_given_up(shift, tmp_path):
  """Of constant scores: exactly those below the median of complete ones.

  Whatever they reach on the target.
  """
  sweep = sweeps.opened(tmp_path, trials=8, prune=True)
  pauses = iter([0] * study.PRUNE_AFTER_TRIALS + [1.0] * 3)
  make = lambda work: sweeps.command(next(pauses), shift)(work)
  trials.carry_out(sweep, make)
  values = []
  for trial in study.trials(sweep):
    score = trial.intermediate_values[1]
    hopeless = len(values) >= 5 and score < statistics.median(values)
    run = study.run_of(sweep, trial.number)
    assert (trial.state == TrialState.PRUNED) == hopeless
    assert (run / 'results.json').exists() != hopeless
    if not hopeless:
      values.append(trial.value)
  assert 5 <= len(values) < 8


def test_a_failure_is_recorded_and_counts(tmp_path):
  sweep = sweeps.opened(tmp_path, trials=3)
  sweeps.hinder(sweep, 0, 1)  # diverged
  sweeps.hinder(sweep, 2, 2)  # wrong use, as of values that others do not have
  trials.carry_out(sweep, sweeps.command())
  ends = [TrialState.FAIL, TrialState.COMPLETE, TrialState.FAIL]
  assert _states(sweep) == ends
  first = study.trials(sweep)[0]
  assert first.user_attrs['failure'] == 'exit code 1, no such data'


@pytest.mark.parametrize('code', [2, 137])
def test_what_stops_every_run_stops_the_worker_and_stays_open(code, tmp_path):
  sweep = sweeps.opened(tmp_path, trials=2)
  obstacle = sweeps.hinder(sweep, 0, code)
  with pytest.raises(UserError, match=r'trial 0 ended .*no such data'):
    trials.carry_out(sweep, sweeps.command())
  assert _states(sweep) == [TrialState.RUNNING]
  obstacle.unlink()
  trials.carry_out(sweep, sweeps.command())
  assert _states(sweep) == [TrialState.COMPLETE] * 2


def test_a_preempted_run_is_started_again(tmp_path):
  sweep = sweeps.opened(tmp_path, trials=1)
  obstacle = sweeps.hinder(sweep, 0, 75)
  threading.Timer(0.5, obstacle.unlink).start()
  trials.carry_out(sweep, sweeps.command())
  assert _states(sweep) == [TrialState.COMPLETE]
  assert sweeps.starts(sweep, 0) >= 2


def test_a_signal_saves_the_run_and_leaves_its_trial_open(tmp_path):
  sweep = sweeps.opened(tmp_path, trials=2)
  main = threading.main_thread().ident

  def send():
    while not (study.run_of(sweep, 0) / 'metrics.jsonl').exists():
      time.sleep(0.02)
    signal.pthread_kill(main, signal.SIGTERM)

  threading.Thread(target=send).start()
  said = pytest.raises(InterruptedRunsError, match='0 of 2 runs')
  with signals.raising(), said:
    trials.carry_out(sweep, sweeps.command(pause=20))
  assert _states(sweep) == [TrialState.RUNNING]
  trials.carry_out(sweep, sweeps.command())
  assert sweeps.starts(sweep, 0) == 2 and sweeps.starts(sweep, 1) == 1
