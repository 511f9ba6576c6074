"""A pair of shifted, labelled Gaussians in a few lines, for fast tests."""

import numpy as np

from da_jax import methods, models, optimizers, schedules
from da_jax.data import transforms
from da_jax.data.pair import DomainPair, Examples
from da_jax.losses import coral, mmd
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


def optimizer():
  return optimizers.sgd(schedules.inverse_decay(0.05), weight_decay=1e-3)


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
    'finetune': methods.finetune(model, optimizer(), label_smoothing=0.1),
  }


SUPERVISED = ('finetune',)
