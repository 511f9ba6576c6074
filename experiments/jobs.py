"""The runs of a script: claimed, trained, finished; one, or many together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
import contextlib
import pathlib
import shlex
import sys
from typing import Any, NamedTuple

from absl import flags

from da_jax import (
  baselines,
  files,
  hosts,
  parallel,
  profiling,
  results,
  runs,
  train,
)
from da_jax.course import Outcome
from da_jax.errors import DivergedError
from da_jax.report import page
from experiments import from_flags, several
from experiments.from_flags import BuildFn, Setting

FLAGS = flags.FLAGS


class Job(NamedTuple):
  """One run of a script."""

  run: pathlib.Path
  setting: Setting
  config: Mapping[str, Any] = {}
  results: dict | None = None  # of a finished one
  baseline: dict | None = None


@contextlib.contextmanager
def locked(jobs: Iterable[Job], *, overwrite: bool) -> Iterator[None]:
  """Keeps other processes from running in the folders of all."""
  with contextlib.ExitStack() as stack:
    for job in jobs:
      lock = runs.locked(job.run, overwrite=overwrite)
      stack.enter_context(hosts.entered_on_first(lock))
    yield


def described(job: Job, name: str, names: Sequence[str]) -> Job:
  """The job with its configuration, as of a run by itself.

  Args:
    job: without one.
    name: of the method.
    names: of the flags that it has.
  """
  pair = job.setting.pair
  names = sorted(set(names) - set(several.NAMES))
  values = {flag: FLAGS[flag].value for flag in names}
  values |= {'source': pair.source, 'target': pair.target}
  values['backbone'] = FLAGS.backbone or pair.backbone
  values['seed'] = job.setting.seed
  if several.seeds():
    values['workdir'] = str(job.run)
  command = shlex.join(sys.orig_argv[1:])
  return job._replace(config=runs.describe(name, values, pair, command))


def claimed(job: Job, *, overwrite: bool) -> Job:
  """The job, of a finished one with its results, see `runs.claim`."""
  hosts.check_same('the data or flags', runs.decisive(job.config))
  found = hosts.on_first(
    lambda: runs.claim(job.run, job.config, overwrite=overwrite)
  )
  return job._replace(results=found)


def trained(jobs: Sequence[Job], build: BuildFn, *, report: bool) -> list[Job]:
  """Trains the jobs that are to be done.

  Raises:
    DivergedError: one did; all others are finished.
  """
  todo = [job for job in jobs if not job.results]
  if not todo:
    return list(jobs)
  if hosts.is_first():
    for job in todo:
      runs.keep_data(job.run, job.setting.pair)
  outcomes = _outcomes(jobs, todo[0], build)
  done = [
    _finished(job, outcome, report) if isinstance(outcome, Outcome) else job
    for job, outcome in zip(jobs, outcomes, strict=True)
  ]
  for job, outcome in zip(jobs, outcomes, strict=True):
    if isinstance(outcome, DivergedError):
      raise DivergedError(f'seed {job.setting.seed}: {outcome}') from outcome
  return done


def _outcomes(jobs: Sequence[Job], first: Job, build: BuildFn) -> list:
  """Of training; None for jobs that are finished."""
  name = first.config['method']
  plans = [
    None if job.results else from_flags.plan(job.setting, name, job.run)
    for job in jobs
  ]
  make = lambda: from_flags.method(first.config['flags'], build, first.setting)
  if several.seeds():
    pairs = [job.setting.pair for job in jobs]
    return several.train(make(), pairs, plans)
  parallel.check_batch_size(FLAGS.batch_size)
  outcome = train.train(
    make(),
    first.setting.pair,
    parallel_mode=FLAGS.parallel,
    profile=profiling.parse(FLAGS.profile, FLAGS.steps),
    **plans[0]._asdict(),
  )
  return [outcome]


def _finished(job: Job, outcome: Outcome, report: bool) -> Job:
  setting, baseline = job.setting, job.baseline
  if setting.target_labels and baseline is None and FLAGS.weights:
    baseline = baselines.start_as_baseline(outcome)
  found = results.finish(
    job.run,
    job.config,
    setting.pair,
    outcome,
    selected_by=setting.selected_by or FLAGS.select,
    baseline=baseline,
    notes=(*setting.notes, *several.notes()),
  )
  if report and hosts.is_first():
    with files.writing(job.run):
      page.write(job.run)
  return job._replace(results=found)
