"""The course of a training script: claim a folder, train, compare, report."""

from collections.abc import Callable, Sequence
import functools
import pathlib
import shlex
import sys

from absl import flags

from da_jax import (
  commands,
  files,
  hosts,
  methods,
  parallel,
  profiling,
  programs,
  results,
  runs,
  train,
)
from da_jax.data.pair import DomainPair
from da_jax.errors import UserError
from da_jax.report import page, terminal
from experiments import from_flags
from experiments.from_flags import BuildFn, Setting
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
    functools.partial(_run, name, build, adjust, compare), (*SHARED, 'adain')
  )


def _run(name, build, adjust, compare) -> None:
  name = name if isinstance(name, str) else name.value
  profiling.parse(FLAGS.profile, FLAGS.steps)  # before anything is read
  setting = adjust(Setting(from_flags.pair()))
  found = _execute(name, build, setting, compare)
  if hosts.is_first():
    terminal.print_results(found)


def _execute(name: str, build: BuildFn, setting: Setting, compare: bool):
  """Trains the method and what it is compared with; gives the results."""
  pair = setting.pair
  unsupervised = [f for f in ('select', 'keep_best') if FLAGS[f].present]
  if setting.target_labels and unsupervised:
    raise UserError(
      f'--{unsupervised[0]} is about choosing without target labels; with them'
      f' the choice is by {setting.selected_by}: leave it out.'
    )
  domains = '-'.join(
    pathlib.Path(domain).name for domain in (pair.source, pair.target)
  )
  default = f'runs/{pair.dataset}-{domains}/{name}-seed{FLAGS.seed}'
  run = pathlib.Path(FLAGS.workdir or default)
  locked = runs.locked(run, overwrite=FLAGS.overwrite)
  with hosts.entered_on_first(locked):
    return _execute_in(run, name, build, setting, compare)


def _execute_in(run, name, build, setting: Setting, compare: bool) -> dict:
  pair = setting.pair
  if FLAGS.adain is not None:
    build = from_flags.stylised(build)
  own = [flag.name for flag in FLAGS.get_key_flags_for_module(sys.argv[0])]
  config = _describe(name, pair, own)
  if FLAGS.adain is not None:  # before a baseline has trained in vain
    programs.rehearse(
      from_flags.method(config['flags'], build, setting),
      pair,
      batch_size=FLAGS.batch_size,
      target_labels=setting.target_labels,
    )
  hosts.check_same('the data or flags', runs.decisive(config))
  if found := _claim(run, config, overwrite=FLAGS.overwrite):
    if hosts.is_first():
      print(f'{run} is finished (--overwrite starts anew).')
    return found
  baseline = None
  if FLAGS.baseline not in ('auto', 'none'):
    other = pathlib.Path(FLAGS.baseline)
    baseline = hosts.on_first(lambda: results.baseline_of(run, other, config))
  elif FLAGS.baseline == 'auto' and compare:
    inner = run / 'source_only'
    inner_config = _describe('source_only', pair, SHARED)
    with hosts.entered_on_first(runs.locked(inner, overwrite=False)):
      if not _claim(inner, inner_config, overwrite=False):
        _train(inner, inner_config, methods.source_only, Setting(pair), None)
    baseline = hosts.on_first(lambda: results.baseline_of(run, inner, config))
  found = _train(run, config, build, setting, baseline)
  if FLAGS.report and hosts.is_first():
    with files.writing(run):
      page.write(run)
  return found


def _claim(run, config, *, overwrite: bool) -> dict | None:
  return hosts.on_first(lambda: runs.claim(run, config, overwrite=overwrite))


def _describe(name: str, pair: DomainPair, names: Sequence[str]) -> dict:
  values = {flag: FLAGS[flag].value for flag in sorted(names)}
  values |= {'source': pair.source, 'target': pair.target}
  values['backbone'] = FLAGS.backbone or pair.backbone
  return runs.describe(name, values, pair, shlex.join(sys.orig_argv[1:]))


def _train(run, config, build, setting: Setting, baseline: dict | None) -> dict:
  pair = setting.pair
  if hosts.is_first():
    runs.keep_data(run, pair)
  parallel.check_batch_size(FLAGS.batch_size)
  method = from_flags.method(config['flags'], build, setting)
  method = methods.accumulate(method, FLAGS.accumulate)
  if FLAGS.ema is not None:
    method = methods.ema(method, FLAGS.ema)
  outcome = train.train(
    method,
    pair,
    steps=FLAGS.steps,
    batch_size=FLAGS.batch_size * FLAGS.accumulate,
    seed=FLAGS.seed,
    eval_every=FLAGS.eval_every,
    checkpoint_every=FLAGS.checkpoint_every,
    workdir=run,
    parallel_mode=FLAGS.parallel,
    select=FLAGS.select,
    keep_best=FLAGS.keep_best,
    target_labels=setting.target_labels,
    workers=FLAGS.workers,
    validation=setting.validation,
    start=from_flags.start_of(pair),
    eval_at_start=setting.target_labels and bool(FLAGS.weights),
    patience=FLAGS.patience,
    profile=profiling.parse(FLAGS.profile, FLAGS.steps),
    name=config['method'],
  )
  if setting.target_labels and baseline is None and FLAGS.weights:
    baseline = results.start_as_baseline(outcome)
  return results.finish(
    run,
    config,
    pair,
    outcome,
    selected_by=setting.selected_by or FLAGS.select,
    baseline=baseline,
    notes=setting.notes,
  )
