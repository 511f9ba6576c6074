"""Carries out the trials of a sweep: each a run, followed as it goes on.

The value of a trial is the score that the selecting validator gives to the
checkpoint that it selected. Accuracies on the target are not looked at.
"""

from collections.abc import Callable, Sequence
import json
import signal
import time

from optuna.trial import TrialState

from da_jax import cells, children, commands, journal, metrics, runs, signals
from da_jax.errors import InterruptedRunsError, UserError
from da_jax.tuning import ranges, study
from da_jax.tuning.study import Sweep, Work

_POLL = 0.1  # seconds between looks at the own run
_LOOK = 1.0  # at the trials that others have
_FAILED, _MISUSED = 1, 2  # codes, see `commands`

MakeCommand = Callable[[Work], Sequence[str]]


def carry_out(sweep: Sweep, command: MakeCommand) -> None:
  """Works on a sweep until all of its trials have ended.

  Args:
    sweep: whose trials others may carry out as well.
    command: the run of a trial, or what goes on with it.

  Raises:
    InterruptedRunsError: a signal came; the run under way is saved.
    UserError: runs cannot be started, or one was killed.
  """
  waits = False
  while not study.is_done(sweep):
    if work := study.take(sweep):
      with work.claim:
        _carry_out(sweep, work, command(work))
    else:
      if not waits:
        print('waiting for the trials of other workers', flush=True)
      waits = True
      time.sleep(_LOOK)


def _carry_out(sweep: Sweep, work: Work, command: Sequence[str]) -> None:
  """Runs a trial and records how it ended; else it stays open."""
  code, said, pruned = 0, '', False
  if runs.results_of(work.run) is None:
    code, said, pruned = _run(sweep, work, command)
  _report(sweep, work)  # what came just before the end
  results, number = runs.results_of(work.run), work.trial.number
  select = sweep.facts['select']
  if results is not None:
    score = results['validators'][select]['score']
    if score is None:
      _fail(sweep, work, f'{select} was never a number')
    else:
      sweep.study.tell(number, score)
      _say(sweep, work, f'{select} {score:.4f}')
  elif pruned:
    sweep.study.tell(number, state=TrialState.PRUNED)
    _say(sweep, work, 'pruned')
  elif code == _FAILED or (code == _MISUSED and _some_work(sweep)):
    _fail(sweep, work, said)
  elif code != commands.PREEMPTED:
    raise UserError(
      f'the run of trial {number} ended ({said}): mend that, and the same'
      ' command goes on with it.'
    )


def _run(
  sweep: Sweep, work: Work, command: Sequence[str]
) -> tuple[int, str, bool]:
  """Runs a trial to its end, or to where the pruner gives it up.

  Returns:
    The exit code, what was said of a failure, whether it was given up.
  """
  pruned, looked_at, path = False, 0, work.run / metrics.FILE
  with signals.deferred() as received:
    child = children.start(command, cells.environment())
    try:
      while child.process.poll() is None:
        if number := received():
          children.end([child], number)
          ended = sum(t.state.is_finished() for t in study.trials(sweep))
          raise InterruptedRunsError(number, ended, sweep.facts['trials'])
        size = path.stat().st_size if path.exists() else 0
        if size != looked_at and not pruned:
          looked_at = size
          if pruned := _is_hopeless(sweep, work):
            child.process.terminate()
        time.sleep(_POLL)
      return child.process.returncode, children.failure(child), pruned
    finally:
      if child.process.poll() is None:
        children.end([child], signal.SIGKILL)
      child.said.close()


def _is_hopeless(sweep: Sweep, work: Work) -> bool:
  """Whether the pruner gives up a run by scores that are new."""
  last = _report(sweep, work)
  if last is None or not work.trial.should_prune():
    return False
  config = json.loads((work.run / runs.CONFIG).read_text())
  return last < config['flags']['steps']


def _report(sweep: Sweep, work: Work) -> int | None:
  """Tells the study the scores of a run so far; the last step that is new."""
  path = work.run / metrics.FILE
  name = journal.VALIDATORS + sweep.facts['select']
  lines = metrics.read(path) if path.exists() else []
  known = study.trials(sweep)[work.trial.number].intermediate_values
  new = {
    line['step']: line[name]
    for line in lines
    if name in line and line['step'] not in known
  }
  for step, score in new.items():
    work.trial.report(score, step)
  return max(new, default=None)


def _some_work(sweep: Sweep) -> bool:
  """Whether a run has trained, so that wrong use is one of values."""
  trained = (TrialState.COMPLETE, TrialState.PRUNED)
  return any(trial.state in trained for trial in study.trials(sweep))


def _fail(sweep: Sweep, work: Work, why: str) -> None:
  work.trial.set_user_attr('failure', why)
  sweep.study.tell(work.trial.number, state=TrialState.FAIL)
  _say(sweep, work, f'failed: {why}')


def _say(sweep: Sweep, work: Work, what: str) -> None:
  values = ranges.shown(work.trial.params)
  place = f'trial {work.trial.number} of {sweep.facts["trials"]}'
  print(f'{place} ({values}): {what}', flush=True)
