"""The course of a training script: claim folders, train, compare, report."""

from collections.abc import Callable, Sequence
import functools
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
  runs,
)
from da_jax.errors import UserError
from da_jax.report import seeds, terminal
from experiments import from_flags, several
from experiments.from_flags import BuildFn, Setting
from experiments.jobs import Job, claimed, described, locked, trained
from experiments.shared_flags import SHARED

FLAGS = flags.FLAGS


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
  if FLAGS.overwrite or not all(runs.results_of(job.run) for job in jobs):
    over_seeds.reopen(run)
  jobs = _execute(jobs, name, build, compare)
  whole = over_seeds.finish(run, [job.results for job in jobs])
  seeds.show(whole)
  if FLAGS.report:
    with files.writing(run):
      seeds.write(run, whole)


def _execute(jobs, name: str, build: BuildFn, compare: bool) -> list[Job]:
  """Trains the method and what it is compared with; gives the results."""
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
    return trained(_compared(jobs, compare), build, report=FLAGS.report)


def _compared(jobs: Sequence[Job], compare: bool) -> list[Job]:
  """The jobs with what their results are compared with."""
  if FLAGS.baseline == 'none' or (FLAGS.baseline == 'auto' and not compare):
    return list(jobs)
  if FLAGS.baseline == 'auto':
    others = _sources_only(jobs)
  else:
    others = [_given_baseline(job) for job in jobs]
  return [
    job._replace(baseline=_baseline(job, other))
    for job, other in zip(jobs, others, strict=True)
  ]


def _sources_only(jobs: Sequence[Job]) -> list[pathlib.Path]:
  """Trains source-only for all jobs to be done; gives its folders."""
  inner = [
    Job(
      job.run / 'source_only',
      Setting(job.setting.pair, job.setting.seed),
      results=job.results,
    )
    for job in jobs
  ]
  with locked([job for job in inner if not job.results], overwrite=False):
    inner = [
      job
      if job.results
      else claimed(described(job, 'source_only', SHARED), overwrite=False)
      for job in inner
    ]
    trained(inner, methods.source_only, report=False)
  return [job.run for job in inner]


def _given_baseline(job: Job) -> pathlib.Path:
  given = pathlib.Path(FLAGS.baseline)
  seed = job.setting.seed
  return over_seeds.folder(given, seed) if several.seeds() else given


def _baseline(job: Job, other: pathlib.Path) -> dict | None:
  if job.results:
    return None
  return hosts.on_first(
    lambda: baselines.baseline_of(job.run, other, job.config, SHARED)
  )
