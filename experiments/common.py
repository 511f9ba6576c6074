"""What every script shares: flags, the course of a run, errors."""

from collections.abc import Callable, Sequence
import functools
import pathlib
import shlex
import sys
from typing import NamedTuple

from absl import flags
from flax import linen as nn
import jax.numpy as jnp
import optax

from da_jax import (
  commands,
  methods,
  models,
  optimizers,
  parallel,
  runs,
  schedules,
  train,
)
from da_jax.data import flags as data_flags
from da_jax.data.pair import DomainPair, Examples
from da_jax.errors import UserError
from da_jax.methods.finetune import frozen_parts
from da_jax.report import page, terminal
from da_jax.types import Method, State
from da_jax.weights import start

FLAGS = flags.FLAGS
SCHEDULES = {
  'inverse': lambda: schedules.inverse_decay(
    FLAGS.learning_rate, gamma=FLAGS.gamma
  ),
  'paper': lambda: schedules.paper_decay(FLAGS.learning_rate, FLAGS.steps),
  'cosine': lambda: schedules.cosine_decay(FLAGS.learning_rate, FLAGS.steps),
  'constant': lambda: schedules.constant(FLAGS.learning_rate),
}

flags.DEFINE_string(
  'workdir',
  None,
  'Folder of the run, where an unfinished one goes on; default'
  ' runs/<dataset>-<source>-<target>/<method>-seed<seed>.',
)
flags.DEFINE_bool('overwrite', False, 'Throw away the run in --workdir.')
flags.DEFINE_integer('steps', 3000, 'Updates.', lower_bound=1)
flags.DEFINE_integer('seed', 0, 'Of everything that is drawn.', lower_bound=0)
flags.DEFINE_enum('optimizer', 'sgd', sorted(optimizers.OPTIMIZERS), 'Updates.')
flags.DEFINE_float('learning_rate', 0.01, 'At step 0.', lower_bound=0.0)
flags.DEFINE_float('momentum', 0.9, 'Of sgd, with nesterov.', lower_bound=0.0)
flags.DEFINE_float('weight_decay', 1e-3, 'L2 of all parameters.')
flags.DEFINE_enum(
  'schedule',
  'inverse',
  list(SCHEDULES),
  "Learning rate: inverse = TLlib's (1 + gamma i)^-.75, paper = (1 + 10 p)^-.75"
  ' of the progress p, cosine to 0, constant.',
)
flags.DEFINE_float('gamma', 1e-3, 'Of --schedule=inverse.', lower_bound=0.0)
flags.DEFINE_float(
  'backbone_rate',
  None,
  "Factor on the backbone's learning rate; default 0.1 with --weights, else 1.",
)
flags.DEFINE_enum(
  'backbone', None, sorted(models.BACKBONES), "Default: the dataset's."
)
flags.DEFINE_integer(
  'bottleneck', 256, 'Features after the backbone; 0: none.', lower_bound=0
)
flags.DEFINE_bool('bottleneck_norm', True, 'BatchNorm in the bottleneck.')
flags.DEFINE_float('bottleneck_dropout', 0.0, 'Share of features dropped.')
flags.DEFINE_string(
  'weights',
  None,
  'Start from a backbone file (.safetensors, .npz, torchvision names) or from'
  " the model that a run's folder selected.",
)
flags.DEFINE_string(
  'baseline',
  'auto',
  'What the result is compared with: auto = source-only trained under the same'
  " flags (for fine-tuning: the start), none, or a finished run's folder.",
)
flags.DEFINE_integer(
  'workers',
  0,
  'Processes that read and decode batches, for image files too many to be kept'
  ' decoded; 0: threads.',
  lower_bound=0,
)
flags.DEFINE_bool('report', True, 'Write report.html.')
flags.DEFINE_integer('eval_every', 500, 'Steps between.', lower_bound=1)
flags.DEFINE_integer('checkpoint_every', 500, 'Steps between.', lower_bound=1)
flags.DEFINE_enum(
  'dtype',
  'float32',
  ['float32', 'bfloat16'],
  'Of the computation; parameters, statistics and losses are float32.',
)
flags.DEFINE_enum('parallel', 'jit', parallel.MODES, 'How devices share work.')
SHARED = (
  *data_flags.NAMES,
  *(flag.name for flag in FLAGS.flags_by_module_dict()[__name__]),
)


class Setting(NamedTuple):
  """What a script may change before the run starts."""

  pair: DomainPair
  frozen: int = 0  # leading depths of the backbone
  target_labels: bool = False
  validation: Examples | None = None
  selected_by: str = 'source validation accuracy'


BuildFn = Callable[[nn.Module, optax.GradientTransformation], Method]


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
    build: (model, optimizer) -> Method.
    adjust: changes the setting, e.g. gives target labels.
    compare: train source-only under the same flags first, unless --baseline
      says otherwise.
  """
  commands.run(functools.partial(_run, name, build, adjust, compare), SHARED)


def _run(name, build, adjust, compare) -> None:
  name = name if isinstance(name, str) else name.value
  setting = adjust(Setting(data_flags.pair()))
  terminal.print_results(_execute(name, build, setting, compare))


def _execute(name: str, build: BuildFn, setting: Setting, compare: bool):
  """Trains the method and what it is compared with; gives the results."""
  pair = setting.pair
  domains = '-'.join(
    pathlib.Path(domain).name for domain in (pair.source, pair.target)
  )
  default = f'runs/{pair.dataset}-{domains}/{name}-seed{FLAGS.seed}'
  run = pathlib.Path(FLAGS.workdir or default)
  own = [flag.name for flag in FLAGS.get_key_flags_for_module(sys.argv[0])]
  config = _describe(name, pair, own)
  if results := runs.claim(run, config, overwrite=FLAGS.overwrite):
    print(f'{run} is finished (--overwrite starts anew).')
    return results
  baseline = None
  if FLAGS.baseline not in ('auto', 'none'):
    baseline = runs.baseline_of(run, pathlib.Path(FLAGS.baseline), config)
  elif FLAGS.baseline == 'auto' and compare:
    inner = run / 'source_only'
    inner_config = _describe('source_only', pair, SHARED)
    if not runs.claim(inner, inner_config, overwrite=False):
      _train(inner, inner_config, methods.source_only, Setting(pair), None)
    baseline = runs.baseline_of(run, inner, config)
  results = _train(run, config, build, setting, baseline)
  if FLAGS.report:
    page.write(run)
  return results


def _describe(name: str, pair: DomainPair, names: Sequence[str]) -> dict:
  values = {flag: FLAGS[flag].value for flag in sorted(names)}
  values |= {'source': pair.source, 'target': pair.target}
  values['backbone'] = FLAGS.backbone or pair.backbone
  return runs.describe(name, values, pair, shlex.join(sys.orig_argv[1:]))


def _train(run, config, build, setting: Setting, baseline: dict | None) -> dict:
  pair = setting.pair
  runs.keep_data(run, pair)
  model, optimizer = _model(setting), _optimizer(setting)
  outcome = train.train(
    build(model, optimizer),
    pair,
    steps=FLAGS.steps,
    batch_size=FLAGS.batch_size,
    seed=FLAGS.seed,
    eval_every=FLAGS.eval_every,
    checkpoint_every=FLAGS.checkpoint_every,
    workdir=run,
    parallel_mode=FLAGS.parallel,
    target_labels=setting.target_labels,
    workers=FLAGS.workers,
    validation=setting.validation,
    start=_start(pair),
    eval_at_start=setting.target_labels and bool(FLAGS.weights),
    name=config['method'],
  )
  if setting.target_labels and baseline is None and FLAGS.weights:
    baseline = runs.start_as_baseline(outcome)
  return runs.finish(
    run,
    config,
    pair,
    outcome,
    selected_by=setting.selected_by,
    baseline=baseline,
  )


def _start(pair: DomainPair) -> Callable[[State], State]:
  if FLAGS.weights is None:
    return lambda state: state
  path = pathlib.Path(FLAGS.weights)
  if not path.exists():
    raise UserError(f'--weights={path} does not exist.')
  return start.start_from(path, pair.class_names)


def _model(setting: Setting) -> models.Classifier:
  return models.Classifier(
    backbone(setting.pair, frozen=setting.frozen),
    num_classes=len(setting.pair.class_names),
    bottleneck=FLAGS.bottleneck,
    bottleneck_norm=FLAGS.bottleneck_norm,
    bottleneck_dropout=FLAGS.bottleneck_dropout,
    dtype=jnp.dtype(FLAGS.dtype),
  )


def backbone(pair: DomainPair, frozen: int = 0) -> nn.Module:
  """The backbone that the flags ask for."""
  make = models.BACKBONES[FLAGS.backbone or pair.backbone]
  return make(dtype=jnp.dtype(FLAGS.dtype), frozen=frozen)


def _optimizer(setting: Setting) -> optax.GradientTransformation:
  options = {'momentum': FLAGS.momentum} if FLAGS.optimizer == 'sgd' else {}
  optimizer = optimizers.OPTIMIZERS[FLAGS.optimizer](
    SCHEDULES[FLAGS.schedule](), weight_decay=FLAGS.weight_decay, **options
  )
  rate = FLAGS.backbone_rate
  if rate is None:
    rate = 0.1 if FLAGS.weights else 1.0
  return optimizers.by_part(
    optimizer,
    rate_scales={'model/backbone': rate},
    frozen=frozen_parts(backbone(setting.pair), setting.frozen),
  )
