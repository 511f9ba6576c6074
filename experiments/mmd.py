"""Alignment of features by a discrepancy: MMD (DDC, DAN) or CORAL.

python -m experiments.mmd --dataset=digits --loss=mmd
"""

import functools

from absl import flags

from da_jax import losses, methods, schedules
from da_jax.losses.mmd import BANDWIDTHS, ESTIMATORS
from da_jax.methods.base import PASSES
from experiments import common

FLAGS = flags.FLAGS
_LOSS = flags.DEFINE_enum('loss', 'mmd', sorted(losses.ALIGNMENTS), 'What.')
_WEIGHT = flags.DEFINE_float('adaptation_weight', 1.0, 'Of the discrepancy.')
_RAMP = flags.DEFINE_bool('ramp', True, 'Weight rises as 2/(1+e^-10p)-1.')
_PASSES = flags.DEFINE_enum('passes', 'separate', PASSES, 'In one BatchNorm.')
_ESTIMATOR = flags.DEFINE_enum('estimator', 'biased', ESTIMATORS, 'Of MMD.')
_BANDWIDTH = flags.DEFINE_enum('bandwidth', 'mean', BANDWIDTHS, 'Of MMD.')
_KERNELS = flags.DEFINE_integer('kernels', 5, 'Of MMD.', lower_bound=1)


def build(model, optimizer):
  options = {
    'estimator': _ESTIMATOR.value,
    'bandwidth': _BANDWIDTH.value,
    'kernels': _KERNELS.value,
  }
  loss = losses.ALIGNMENTS[_LOSS.value]
  if loss is losses.mmd:
    loss = functools.partial(loss, **options)
  weight = schedules.constant(_WEIGHT.value)
  if _RAMP.value:
    weight = schedules.dann_strength(FLAGS.steps, high=_WEIGHT.value)
  return methods.align(
    model, optimizer, discrepancy=loss, weight=weight, passes=_PASSES.value
  )


if __name__ == '__main__':
  common.main(_LOSS, build)
