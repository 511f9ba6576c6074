"""Fine-tuning a trained network on labelled target examples.

python -m experiments.finetune --weights=RUN --labels_per_class=5 --freeze=auto
"""

from absl import flags

from da_jax import methods
from da_jax.data.labelled import labelled_target
from da_jax.errors import UserError
from experiments import common

FLAGS = flags.FLAGS
_LABELS = flags.DEFINE_integer('labels_per_class', None, 'Default: all.')
_FREEZE = flags.DEFINE_string(
  'freeze', 'none', 'Last depth frozen: none, stem, stage1.., backbone, auto.'
)
_SMOOTHING = flags.DEFINE_float('label_smoothing', 0.0, 'Of the labels.')


def adjust(setting):
  pair, validation = labelled_target(setting.pair, _LABELS.value, FLAGS.seed)
  per_class = len(pair.target_train.y) / len(pair.class_names)
  frozen = methods.frozen_depths(
    common.backbone(pair), _FREEZE.value, per_class
  )
  if frozen and not FLAGS.weights:
    raise UserError('--freeze freezes trained weights: give --weights.')
  held_out = 'target validation accuracy' if validation else 'last step'
  return common.Setting(pair, frozen, True, validation, held_out)


def build(model, optimizer):
  return methods.finetune(model, optimizer, label_smoothing=_SMOOTHING.value)


if __name__ == '__main__':
  common.main('finetune', build, adjust=adjust, compare=False)
