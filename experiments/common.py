"""The course of a training script: claim folders, train, compare, report."""

from collections.abc import Callable, Sequence
import functools
import os
import pathlib
import sys

from absl import flags

from da_jax import (
  baselines,
  commands,
  files,
  hosts,
  methods,
  over_seeds,
  profiling,
  programs,
)
from da_jax.errors import UserError
from da_jax.report import seeds, terminal
from experiments import from_flags, several
from experiments.from_flags import BuildFn, Setting
from experiments.jobs import Job, claimed, described, locked, trained
from experiments.shared_flags import SHARED

FLAGS = flags.FLAGS
SOURCE_ONLY = 'source_only'  # the method and its folder in the run's


def main(
  name: str | flags.FlagHolder[str],
  build: BuildFn,
  *,
  adjust: Callable[[Setting], Setting] = lambda setting: setting,
  compare: bool = True,
) -> None:
  """Runs a script: trains what `build` makes, reports, exits.

  Args:
    name: of the method, or the flag that says it.
    build: (model, optimizer, **options of the setting) -> Method.
    adjust: changes the setting, e.g. gives target labels.
    compare: train source-only under the same flags first, unless --baseline
      says otherwise.
  """
  commands.run(
    functools.partial(_run, name, build, adjust, compare),
    (*SHARED, 'adain', *several.NAMES),
  )


def _run(name, build, adjust, compare) -> None:
  name = name if isinstance(name, str) else name.value
  profiling.parse(FLAGS.profile, FLAGS.steps)  # before anything is read
  asked = several.seeds()
  pair = from_flags.pair()
  settings = [adjust(Setting(pair, seed)) for seed in asked or [FLAGS.seed]]
  unsupervised = [f for f in ('select', 'keep_best') if FLAGS[f].present]
  if settings[0].target_labels and unsupervised:
    raise UserError(
      f'--{unsupervised[0]} is about choosing without target labels; with them'
      f' the choice is by {settings[0].selected_by}: leave it out.'
    )
  domains = '-'.join(
    pathlib.Path(domain).name for domain in (pair.source, pair.target)
  )
  ending = 'seeds' if asked else f'seed{FLAGS.seed}'
  default = f'runs/{pair.dataset}-{domains}/{name}-{ending}'
  run = pathlib.Path(FLAGS.workdir or default)
  if asked:
    _together(run, name, build, settings, compare)
    return
  (job,) = _execute([Job(run, settings[0])], name, build, compare)
  if hosts.is_first():
    terminal.print_results(job.results)


def _together(run, name, build, settings, compare) -> None:
  """Runs all seeds and tells what they say together."""
  over_seeds.check(run)
  jobs = [Job(over_seeds.folder(run, s.seed), s) for s in settings]
  reopen = functools.partial(over_seeds.reopen, run)
  jobs = _execute(jobs, name, build, compare, begin=reopen)
  whole = over_seeds.finish(run, [job.results for job in jobs])
  seeds.show(whole)
  if FLAGS.report:
    with files.writing(run):
      seeds.write(run, whole)


def _execute(
  jobs,
  name: str,
  build: BuildFn,
  compare: bool,
  *,
  begin: Callable[[], None] = lambda: None,
) -> list[Job]:
  """Trains the method and what it is compared with; gives the results.

  Args:
    jobs: to be done.
    name: of the method.
    build: makes it.
    compare: whether to train source-only, too.
    begin: called before anything is trained, with all folders claimed.

  Raises:
    DivergedError: one did; all others are finished.
  """
  if FLAGS.adain is not None:
    build = from_flags.stylised(build)
  own = [flag.name for flag in FLAGS.get_key_flags_for_module(sys.argv[0])]
  with locked(jobs, overwrite=FLAGS.overwrite):
    jobs = [described(job, name, own) for job in jobs]
    if FLAGS.adain is not None:  # before a baseline has trained in vain
      programs.rehearse(
        from_flags.method(jobs[0].config['flags'], build, jobs[0].setting),
        jobs[0].setting.pair,
        batch_size=FLAGS.batch_size * FLAGS.accumulate,
        target_labels=jobs[0].setting.target_labels,
      )
    jobs = [claimed(job, overwrite=FLAGS.overwrite) for job in jobs]
    for job in jobs:
      if job.results and hosts.is_first():
        print(f'{job.run} is finished (--overwrite starts anew).')
    if any(job.is_open for job in jobs):
      begin()
    jobs = trained(_compared(jobs, compare), build, report=FLAGS.report)
  for failure in filter(None, (job.failure for job in jobs)):
    raise failure
  return jobs


def _compared(jobs: Sequence[Job], compare: bool) -> list[Job]:
  """The jobs with what their results are compared with."""
  if FLAGS.baseline == 'none' or (FLAGS.baseline == 'auto' and not compare):
    return list(jobs)
  if FLAGS.baseline != 'auto':
    return [_beside(job, _given_baseline(job)) for job in jobs]
  # Of several, bits may depend on those that are trained with them.
  if not several.seeds():
    jobs = [_beside_earlier(job) for job in jobs]
  return [
    job._replace(failure=other.failure)
    if other and other.failure  # there is nothing to compare with
    else _beside(job, job.run / SOURCE_ONLY)
    for job, other in zip(jobs, _sources_only(jobs), strict=True)
  ]


def _source_only(job: Job) -> Job:
  """What the job is compared with, if it is trained for it alone."""
  setting = Setting(job.setting.pair, job.setting.seed)
  return described(Job(job.run / SOURCE_ONLY, setting), SOURCE_ONLY, SHARED)


def _beside_earlier(job: Job) -> Job:
  """The job, compared with an equal source-only run if one is beside it."""
  if not job.is_open:
    return job
  config = _source_only(job).config
  found = hosts.on_first(
    lambda: None if FLAGS.overwrite else baselines.found_beside(job.run, config)
  )
  if found and hosts.is_first():
    other = os.path.normpath(job.run / found['run'])
    print(f'Compared with {other} instead of training source-only again.')
  return job._replace(baseline=found)


def _sources_only(jobs: Sequence[Job]) -> list[Job | None]:
  """Trains source-only for all jobs that are open and have no baseline."""
  inner = [
    _source_only(job) if job.is_open and not job.baseline else None
    for job in jobs
  ]
  with locked(filter(None, inner), overwrite=False):
    inner = [job and claimed(job, overwrite=False) for job in inner]
    return trained(inner, methods.source_only, report=False)


def _given_baseline(job: Job) -> pathlib.Path:
  given = pathlib.Path(FLAGS.baseline)
  seed = job.setting.seed
  return over_seeds.folder(given, seed) if several.seeds() else given


def _beside(job: Job, other: pathlib.Path) -> Job:
  """The job, to be compared with another run."""
  if not job.is_open or job.baseline:
    return job
  found = hosts.on_first(
    lambda: baselines.baseline_of(job.run, other, job.config, SHARED)
  )
  return job._replace(baseline=found)
