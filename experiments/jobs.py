"""The runs of a script: claimed, trained, finished; one, or many together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
import contextlib
import functools
import pathlib
import shlex
import sys
from typing import Any, NamedTuple

from absl import flags, logging

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
from da_jax.errors import DivergedError, UserError
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
  failure: DivergedError | None = None  # its own, or its baseline's

  @property
  def is_open(self) -> bool:
    """Whether it is to be trained."""
    return not self.results and not self.failure


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
  hosts.check_same('the data or flags', runs.concerted(job.config))
  found = hosts.on_first(
    lambda: runs.claim(job.run, job.config, overwrite=overwrite)
  )
  return job._replace(results=found)


def trained(
  jobs: Sequence[Job | None], build: BuildFn, *, report: bool
) -> list[Job | None]:
  """Trains the jobs that are open, all others than those that diverge.

  Args:
    jobs: None for places to be left empty, as a run's bits may depend on how
      many there are.
    build: makes the method.
    report: whether to write a page of each; of a finished one where none is.

  Returns:
    The jobs with results or, of several, with why one has none.

  Raises:
    DivergedError: the only one did.
  """
  if report:
    for job in filter(None, jobs):
      _mend_page(job)
  todo = [job for job in jobs if job and job.is_open]
  if not todo:
    return list(jobs)
  if hosts.is_first():
    for job in todo:
      runs.keep_data(job.run, job.setting.pair)
  outcomes = _outcomes(jobs, todo[0], build)
  ended = functools.partial(_ended, several.notes(len(todo)), report)
  return list(map(ended, jobs, outcomes))


def _mend_page(job: Job) -> None:
  """Writes the page that a finished job was killed before, or did without."""
  if not (job.results and hosts.is_first()) or (job.run / page.FILE).exists():
    return
  try:
    _write_page(job.run)
  except UserError as error:  # its results are as good without
    logging.warning('%s', error)


def _write_page(run: pathlib.Path) -> None:
  with files.writing(run):
    page.write(run)


def _outcomes(jobs: Sequence[Job | None], first: Job, build: BuildFn) -> list:
  """Of training; None for jobs that are not open."""
  name = first.config['method']
  asked = [
    (job.setting.pair, from_flags.plan(job.setting, name, job.run))
    if job and job.is_open
    else None
    for job in jobs
  ]
  make = lambda: from_flags.method(first.config['flags'], build, first.setting)
  if several.seeds():
    return several.train(make(), asked)
  parallel.check_batch_size(FLAGS.batch_size)
  ((pair, plan),) = asked
  outcome = train.train(
    make(),
    pair,
    parallel_mode=FLAGS.parallel,
    profile=profiling.parse(FLAGS.profile, FLAGS.steps),
    **plan._asdict(),
  )
  return [outcome]


def _ended(notes: Sequence[str], report: bool, job: Job | None, outcome):
  """The job with what came of it."""
  if isinstance(outcome, DivergedError):
    told = f'{job.config["method"]}, seed {job.setting.seed}: {outcome}'
    return job._replace(failure=DivergedError(told))
  return _finished(job, outcome, notes, report) if outcome else job


def _finished(
  job: Job, outcome: Outcome, notes: Sequence[str], report: bool
) -> Job:
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
    notes=(*setting.notes, *notes),
  )
  if report and hosts.is_first():
    _write_page(job.run)
  return job._replace(results=found)
