"""Alignment of features by a discrepancy: MMD (DDC, DAN) or CORAL.

python -m experiments.mmd --dataset=digits --loss=mmd
"""

import functools

from absl import flags

from da_jax import losses, methods
from da_jax.losses.mmd import BANDWIDTHS, ESTIMATORS
from da_jax.methods.base import PASSES
from da_jax.schedules import STRENGTHS
from experiments import common

FLAGS = flags.FLAGS
_LOSS = flags.DEFINE_enum(
  'loss', 'mmd', sorted(losses.ALIGNMENTS), 'Discrepancy.'
)
_WEIGHT = flags.DEFINE_float('adaptation_weight', 1.0, 'Of the discrepancy.')
_RISE = flags.DEFINE_enum('weight_schedule', 'paper', STRENGTHS, 'Its rise.')
_PASSES = flags.DEFINE_enum('passes', 'separate', PASSES, 'Of the model.')
flags.DEFINE_enum('estimator', 'biased', ESTIMATORS, 'Of MMD.')
flags.DEFINE_enum('bandwidth', 'mean', BANDWIDTHS, 'Of MMD.')
flags.DEFINE_integer('kernels', 5, 'Of MMD.', lower_bound=1)


def build(model, optimizer):
  loss = losses.ALIGNMENTS[_LOSS.value]
  if loss is losses.mmd:
    names = ('estimator', 'bandwidth', 'kernels')
    loss = functools.partial(loss, **{n: FLAGS[n].value for n in names})
  weight = STRENGTHS[_RISE.value](FLAGS.steps, _WEIGHT.value)
  return methods.align(
    model, optimizer, discrepancy=loss, weight=weight, passes=_PASSES.value
  )


if __name__ == '__main__':
  common.main(_LOSS, build)
