"""What the shared flags ask for: data, model, optimiser, start."""

from collections.abc import Callable, Mapping
import pathlib
from typing import Any, NamedTuple

from absl import flags
from flax import linen as nn
import optax

from da_jax import cached_features, methods, models, optimizers
from da_jax.course import Plan
from da_jax.data import flags as data_flags
from da_jax.data.pair import DomainPair, Examples
from da_jax.errors import UserError
from da_jax.methods.freezing import frozen_parts
from da_jax.models import from_settings
from da_jax.types import Method, State
from da_jax.weights import published, start
from experiments.shared_flags import SCHEDULES

FLAGS = flags.FLAGS
BuildFn = Callable[..., Method]


class Setting(NamedTuple):
  """What a script may change before the run starts."""

  pair: DomainPair
  seed: int
  frozen: int = 0  # depths of the backbone, see `Freezing.count`
  notes: tuple[str, ...] = ()  # on what was done, for the report
  parts: optimizers.Parts = optimizers.Parts()
  target_labels: bool = False
  validation: Examples | None = None
  selected_by: str | None = None  # None: --select
  options: Mapping[str, Any] = {}  # keywords of the script's build


def pair() -> DomainPair:
  """The data: images, or what --cache_features makes of them."""
  task = data_flags.task()
  settings = {
    'backbone': FLAGS.backbone or task.backbone,
    'dtype': FLAGS.dtype,
  }
  path = FLAGS.weights and published.find(FLAGS.weights)
  normalisation = path and start.input_of(path, settings['backbone'])
  if FLAGS.cache_features:
    if path is None:
      raise UserError('--cache_features needs a trained backbone: --weights.')
    task = cached_features.encoded(task, path, settings, normalisation)
  return data_flags.pair(task, normalisation)


def backbone(pair: DomainPair) -> nn.Module:
  """The part of the model below the bottleneck, as the flags ask for."""
  if FLAGS.cache_features:
    return models.Identity()
  name = FLAGS.backbone or pair.backbone
  return from_settings.backbone({'backbone': name, 'dtype': FLAGS.dtype})


def method(
  settings: Mapping[str, Any], build: BuildFn, setting: Setting
) -> Method:
  """What a script builds of a model with these settings, see config.json."""
  model = from_settings.classifier(
    settings,
    len(setting.pair.class_names),
    frozen=setting.frozen,
    on_features=FLAGS.cache_features,
  )
  built = build(model, optimizer(setting), **setting.options)
  built = methods.accumulate(built, FLAGS.accumulate)
  return built if FLAGS.ema is None else methods.ema(built, FLAGS.ema)


def stylised(build: BuildFn) -> BuildFn:
  """Builds the same with --adain."""

  def build_stylised(model, optimizer, **options):
    method = build(model, optimizer, **options)
    return methods.adain(method, model.backbone, share=FLAGS.adain)

  return build_stylised


def plan(setting: Setting, name: str, run: pathlib.Path) -> Plan:
  """How long and by what a run trains, and where it is kept.

  Args:
    setting: of the run.
    name: of the method, on the progress bar.
    run: its folder.
  """
  same = ('steps', 'eval_every', 'checkpoint_every', 'select', 'keep_best')
  same += ('workers', 'patience')
  return Plan(
    **{flag: FLAGS[flag].value for flag in same},
    batch_size=FLAGS.batch_size * FLAGS.accumulate,
    seed=setting.seed,
    workdir=run,
    target_labels=setting.target_labels,
    validation=setting.validation,
    start=start_of(setting.pair),
    eval_at_start=setting.target_labels and bool(FLAGS.weights),
    name=name,
  )


def optimizer(setting: Setting) -> optax.GradientTransformation:
  """The optimiser of all parts of a network."""
  options = {'momentum': FLAGS.momentum} if FLAGS.optimizer == 'sgd' else {}
  parts = setting.parts
  decay = FLAGS.weight_decay if parts.decayed else 0.0
  optimizer = optimizers.OPTIMIZERS[FLAGS.optimizer](
    SCHEDULES[FLAGS.schedule](), weight_decay=decay, **options
  )
  rate = FLAGS.backbone_rate
  if rate is None:
    rate = 0.1 if FLAGS.weights else 1.0
  by_part = optimizers.by_part(
    optimizer,
    rate_scales={**dict.fromkeys(parts.slow, rate), **parts.rate_scales},
    frozen=(
      *frozen_parts(backbone(setting.pair), setting.frozen),
      *parts.frozen,
    ),
    unfrozen_at=parts.unfrozen_at,
  )
  return optimizers.every(by_part, FLAGS.accumulate)


def start_of(pair: DomainPair) -> Callable[[State], State]:
  """What puts --weights into an initial state."""
  path = FLAGS.weights and published.find(FLAGS.weights)
  if path is None or (FLAGS.cache_features and not path.is_dir()):
    return lambda state: state
  name = FLAGS.backbone or pair.backbone
  return start.start_from(path, pair.class_names, name)
