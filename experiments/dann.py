"""DANN, https://jmlr.org/papers/v17/15-239.html

python -m experiments.dann --dataset=office31 --source=amazon --target=webcam
"""

from absl import flags

from da_jax import methods, models, schedules
from da_jax.methods.base import PASSES
from experiments import common

FLAGS = flags.FLAGS
_STRENGTH = flags.DEFINE_float('grl_strength', 1.0, 'Reversal at the end.')
_CRITIC = flags.DEFINE_multi_integer('critic', [1024, 1024], 'Hidden widths.')
_NORM = flags.DEFINE_bool('critic_norm', True, 'BatchNorm in the critic.')
_DROPOUT = flags.DEFINE_float('critic_dropout', 0.0, 'In the critic.')
_WEIGHT = flags.DEFINE_float('adaptation_weight', 1.0, 'Of the domain loss.')
_PASSES = flags.DEFINE_enum('passes', 'joint', PASSES, 'BatchNorm sees these.')
STRENGTHS = {
  'paper': lambda high: schedules.dann_strength(FLAGS.steps, high=high),
  'tllib': lambda high: schedules.tllib_strength(high=high),
  'constant': schedules.constant,
}
_SCHEDULE = flags.DEFINE_enum(
  'grl_schedule', 'paper', list(STRENGTHS), 'Of p = step / steps, or of step.'
)


def build(model, optimizer):
  return methods.dann(
    model,
    models.DomainCritic(
      tuple(_CRITIC.value), _NORM.value, _DROPOUT.value, model.dtype
    ),
    optimizer,
    strength=STRENGTHS[_SCHEDULE.value](_STRENGTH.value),
    weight=_WEIGHT.value,
    passes=_PASSES.value,
  )


if __name__ == '__main__':
  common.main('dann', build)
