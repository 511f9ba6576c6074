"""A pair of shifted, labelled Gaussians in a few lines, for fast tests."""

from flax import linen as nn
import jax.numpy as jnp
import numpy as np

from da_jax import methods, models, optimizers, schedules
from da_jax.data import transforms
from da_jax.data.pair import DomainPair, Examples
from da_jax.losses import coral, mmd
from da_jax.methods import finetuning
from da_jax.methods.start import Trained
from da_jax.models import layers
from da_jax.types import Method

WIDTH, CLASSES, STEPS = 6, 3, 200
_CENTRES = np.random.default_rng(0).normal(size=(CLASSES, WIDTH)) * 2.0


def examples(n: int, shift: float, seed: int) -> Examples:
  rng = np.random.default_rng(seed)
  y = rng.integers(CLASSES, size=n).astype(np.int32)
  x = _CENTRES[y] + rng.normal(size=(n, WIDTH)) + shift
  return Examples(x.astype(np.float32), y)


def pair(shift: float = 1.0) -> DomainPair:
  augment, prepare = transforms.rows()
  return DomainPair(
    dataset='toy',
    source='here',
    target='there',
    class_names=('a', 'b', 'c'),
    source_train=examples(96, 0.0, 1),
    source_val=examples(33, 0.0, 2),
    target_train=examples(80, shift, 3),
    target_test=examples(41, shift, 4),
    augment=augment,
    prepare=prepare,
    protocol='target train / target test',
    backbone='mlp',
    split={
      'source_train': np.arange(96),
      'source_val': np.arange(96, 129),
      'target_train': np.arange(80),
      'target_test': np.arange(80, 121),
    },
  )


def classifier(dropout: float = 0.0) -> models.Classifier:
  return models.Classifier(
    models.Mlp(widths=(16,)),
    CLASSES,
    bottleneck=8,
    bottleneck_dropout=dropout,
  )


class Convolutions(nn.Module):
  """The smallest backbone of images: a stem and a mean over places."""

  frozen: int = 0
  dtype: jnp.dtype = jnp.float32

  depths = (('stem', ('conv1', 'bn1')), ('stage1', ('conv2',)))

  @nn.compact
  def __call__(self, x, train):
    x = layers.Conv(5, 3, dtype=self.dtype, name='conv1')(x)
    norm = layers.BatchNorm(dtype=self.dtype, name='bn1')
    x = nn.relu(norm(x, use_running_average=not train))
    x = nn.relu(layers.Conv(7, 3, dtype=self.dtype, name='conv2')(x))
    return x.astype(jnp.float32).mean((1, 2))


def optimizer(rate: float = 0.05):
  return optimizers.sgd(schedules.inverse_decay(rate), weight_decay=1e-3)


# A probe has little to move; a temperature of 0.07 magnifies rounding.
_RATES, _PENALTIES = {'head': 0.5}, {'bi_tuning': 0.1}


def ways(dropout: float = 0.0) -> dict[str, Method]:
  """Every way of fine-tuning, as the script makes it."""
  model, trained = classifier(dropout), Trained(('backbone',), CLASSES + 1)

  def make(name, way):
    parts = way.parts(model.backbone, STEPS)
    by_part = optimizers.by_part(
      optimizer(_RATES.get(name, 0.05)),
      rate_scales=parts.rate_scales,
      frozen=parts.frozen,
      unfrozen_at=parts.unfrozen_at,
    )
    return finetuning.build(
      name,
      model,
      by_part,
      steps=STEPS,
      trained=trained,
      penalty=_PENALTIES.get(name),
      label_smoothing=0.1,
    )

  return {name: make(name, way) for name, way in finetuning.WAYS.items()}


def all_methods(dropout: float = 0.0) -> dict[str, Method]:
  """The contract table: every method, small."""
  model, ramp = classifier(dropout), schedules.dann_strength(STEPS)
  critic = models.DomainCritic(widths=(8,), dropout=dropout)
  return {
    'source_only': methods.source_only(model, optimizer()),
    'dann': methods.dann(model, critic, optimizer(), strength=ramp),
    'dann_separate': methods.dann(
      model, critic, optimizer(), strength=ramp, passes='separate'
    ),
    'mmd': methods.align(model, optimizer(), discrepancy=mmd, weight=ramp),
    'coral': methods.align(
      model, optimizer(), discrepancy=coral, weight=ramp, passes='joint'
    ),
    'ema': methods.ema(methods.source_only(model, optimizer()), 0.9),
    **ways(dropout),
  }


SUPERVISED = tuple(finetuning.WAYS)
# Without dropout, augmentation or draws of their own.
KEYLESS = ('head',)
