"""Source-only training, the baseline of every adaptation.

python -m experiments.source_only --dataset=digits
"""

from absl import flags

from da_jax import methods
from experiments import common

_SMOOTHING = flags.DEFINE_float('label_smoothing', 0.0, 'Of the labels.')


def build(model, optimizer):
  return methods.source_only(model, optimizer, label_smoothing=_SMOOTHING.value)


if __name__ == '__main__':
  common.main('source_only', build, compare=False)
