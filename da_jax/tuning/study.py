"""A study of optuna in a folder, on which many workers go on.

| file | what |
|---|---|
| `study.json` | what is tuned and how; whoever comes later must agree |
| `journal.log` | optuna's record of the trials, lines of JSON, no pickle |
| `trials/0007/` | the run of a trial |

A trial is taken by the lock of a file beside its run, which ends with its
worker however that ends: one that is under way with nobody working on it was
left behind, and the next worker goes on with it from its last checkpoint. So no
trial is lost or made twice. What is drawn depends on the seed, the number of
the trial and, for TPE, on the results so far, not on who draws it.
"""

from collections.abc import Iterator, Mapping
import contextlib
import pathlib
import time
from typing import IO, Any, NamedTuple
import warnings

import numpy as np
import optuna
from optuna.storages import journal
from optuna.trial import FrozenTrial, TrialState

from da_jax import files, locks, runs
from da_jax.tuning import ranges

FILE, _JOURNAL, _RUNS = 'study.json', 'journal.log', 'trials'
# The median pruner: finished trials before it, share of the steps before it.
PRUNE_AFTER_TRIALS, PRUNE_AFTER_STEPS = 5, 0.25
_POLL = 0.05  # seconds


class Sweep(NamedTuple):
  """A study and what it is about."""

  folder: pathlib.Path
  facts: Mapping[str, Any]  # study.json
  ranges: ranges.Ranges
  study: optuna.Study


class Work(NamedTuple):
  """A trial that this process has to carry out."""

  trial: optuna.Trial
  values: Mapping[str, str]  # flag -> word
  run: pathlib.Path
  claim: IO[str]  # open as long as it is this process's


class _Grid(optuna.samplers.GridSampler):
  """A grid that does not stop `Study.optimize`, by which no trial is made."""

  def after_trial(self, study, trial, state, values) -> None:
    """Does nothing; `FILE` says how many trials there are."""


def open_sweep(folder: pathlib.Path, facts: Mapping[str, Any]) -> Sweep:
  """Opens the study of a folder, or makes it.

  Args:
    folder: of the sweep.
    facts: 'ranges' of `ranges.to_json`, 'sampler', 'seed', 'trials', 'prune',
      'steps', and more for readers.
  """
  optuna.logging.set_verbosity(optuna.logging.ERROR)
  path = folder / _JOURNAL
  with files.writing(folder):
    (folder / _RUNS).mkdir(parents=True, exist_ok=True)
    # Not the lock by a link, which never ends under a relative path.
    lock = journal.JournalFileOpenLock(str(path))
    lock.acquire()
    try:
      _mend(path)
    finally:
      lock.release()
    backend = journal.JournalFileBackend(str(path), lock)
    with _alone(folder):
      study = optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name='sweep',
        direction='maximize',
        load_if_exists=True,
        pruner=_pruner(facts),
      )
  return Sweep(folder, facts, ranges.from_json(facts['ranges']), study)


def take(sweep: Sweep) -> Work | None:
  """A trial that nobody works on: one left behind, else a new one.

  Returns:
    None where all trials are done or others have them.
  """
  with files.writing(sweep.folder), _alone(sweep.folder):
    every = trials(sweep)
    for trial in every:
      if trial.state == TrialState.RUNNING and (claim := _claim(sweep, trial)):
        sweep.study.sampler = _sampler(sweep, trial.number)
        # optuna has no other way to go on with the trial of another process.
        return _work(sweep, optuna.Trial(sweep.study, trial._trial_id), claim)
    if len(every) >= sweep.facts['trials']:
      return None
    sweep.study.sampler = _sampler(sweep, len(every))
    trial = sweep.study.ask()
    return _work(sweep, trial, _claim(sweep, trial))


def trials(sweep: Sweep) -> list[FrozenTrial]:
  """All trials so far, by number."""
  return sweep.study.get_trials(deepcopy=False)


def is_done(sweep: Sweep) -> bool:
  """Whether all trials have ended."""
  ended = [trial for trial in trials(sweep) if trial.state.is_finished()]
  return len(ended) >= sweep.facts['trials']


def run_of(sweep: Sweep, number: int) -> pathlib.Path:
  """The folder of a trial's run."""
  return sweep.folder / _RUNS / f'{number:04d}'


def _work(sweep: Sweep, trial: optuna.Trial, claim: IO[str]) -> Work:
  values = ranges.suggest(trial, sweep.ranges)
  return Work(trial, values, run_of(sweep, trial.number), claim)


def _claim(sweep: Sweep, trial) -> IO[str] | None:
  """Takes a trial; None where another has it or its run is still ending."""
  run = run_of(sweep, trial.number)
  claim = locks.claim(run.with_name(f'.{run.name}.claim'))
  if claim and runs.results_of(run) is None and locks.is_held(run):
    claim.close()
    return None
  return claim


@contextlib.contextmanager
def _alone(folder: pathlib.Path) -> Iterator[None]:
  """One worker at a time takes a trial, so that there are just enough."""
  while (lock := locks.claim(folder / '.taking')) is None:
    time.sleep(_POLL)
  with lock:
    yield


def _mend(path: pathlib.Path) -> None:
  """Cuts a last line that a kill or a full disk left unfinished."""
  if path.exists():
    with path.open('r+b') as file:
      content = file.read()
      file.truncate(content.rfind(b'\n') + 1)


def _sampler(sweep: Sweep, number: int) -> optuna.samplers.BaseSampler:
  facts = sweep.facts
  if facts['sampler'] == 'grid':
    lists = {name: of.choices for name, of in sweep.ranges.items()}
    return _Grid(lists, seed=facts['seed'])
  # Its own for every trial: workers with one seed would draw the same.
  draws = np.random.SeedSequence([facts['seed'], number])
  seed = int(draws.generate_state(1)[0])
  if facts['sampler'] == 'random':
    return optuna.samplers.RandomSampler(seed=seed)
  with warnings.catch_warnings():
    warnings.simplefilter('ignore', optuna.exceptions.ExperimentalWarning)
    # Trials under way count as bad, or workers would try the same.
    return optuna.samplers.TPESampler(
      seed=seed, multivariate=True, constant_liar=True
    )


def _pruner(facts: Mapping[str, Any]) -> optuna.pruners.BasePruner:
  if not facts['prune']:
    return optuna.pruners.NopPruner()
  return optuna.pruners.MedianPruner(
    n_startup_trials=PRUNE_AFTER_TRIALS,
    n_warmup_steps=int(PRUNE_AFTER_STEPS * facts['steps']),
  )
