"""Fine-tuning a trained network on labelled target examples.

python -m experiments.finetune --weights=RUN --labels_per_class=5 --method=l2_sp
"""

from absl import flags

from da_jax.data.labelled import labelled_target
from da_jax.errors import UserError
from da_jax.methods import finetuning, freezing
from da_jax.weights import published, start
from experiments import common, from_flags

FLAGS = flags.FLAGS
_METHOD = flags.DEFINE_enum('method', 'full', list(finetuning.WAYS), 'How.')
_LABELS = flags.DEFINE_integer('labels_per_class', None, 'Default: all.')
_FREEZE = flags.DEFINE_string(
  'freeze',
  None,
  'none (default), the depth up to which (series: down to which) all is frozen,'
  ' backbone, or auto: the fewer the labels, the more.',
)
_SMOOTHING = flags.DEFINE_float('label_smoothing', 0.0, 'Of the labels.')
_PENALTY = flags.DEFINE_float(
  'penalty',
  None,
  "Strength of the method's own term (stochnorm: probability of the batch's"
  " statistics); default: its paper's. l2_sp and delta replace --weight_decay,"
  ' discriminative --backbone_rate.',
  lower_bound=0.0,
)


def adjust(setting):
  pair, validation = labelled_target(setting.pair, _LABELS.value, setting.seed)
  per_class = len(pair.target_train.y) / len(pair.class_names)
  backbone = from_flags.backbone(pair)
  if _FREEZE.value and FLAGS.cache_features:
    raise UserError(
      '--cache_features freezes the whole backbone: leave out --freeze.'
    )
  frozen = freezing.freezing(
    backbone,
    _FREEZE.value or 'none',
    per_class,
    from_output=pair.inputs.get('kind') == 'series',
  )
  if frozen.count and not FLAGS.weights:
    raise UserError('--freeze freezes trained weights: give --weights.')
  weights = FLAGS.weights and published.find(FLAGS.weights)
  trained = weights and start.parts_of(weights, pair.class_names)
  finetuning.check(_METHOD.value, backbone.depths, trained, _PENALTY.value)
  parts = finetuning.WAYS[_METHOD.value].parts(backbone, FLAGS.steps)
  held_out = 'target validation accuracy' if validation else 'last step'
  return from_flags.Setting(
    pair,
    setting.seed,
    frozen.count,
    (frozen.why,),
    parts,
    target_labels=True,
    validation=validation,
    selected_by=held_out,
    options={'trained': trained},
  )


def build(model, optimizer, trained):
  return finetuning.build(
    _METHOD.value,
    model,
    optimizer,
    steps=FLAGS.steps,
    trained=trained,
    penalty=_PENALTY.value,
    label_smoothing=_SMOOTHING.value,
  )


if __name__ == '__main__':
  common.main(_METHOD, build, adjust=adjust, compare=False)
