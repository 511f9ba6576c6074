"""DANN, https://jmlr.org/papers/v17/15-239.html

python -m experiments.dann --dataset=office31 --source=amazon --target=webcam
"""

from absl import flags

from da_jax import methods, models
from da_jax.methods.base import PASSES
from da_jax.schedules import STRENGTHS
from experiments import common

FLAGS = flags.FLAGS
_STRENGTH = flags.DEFINE_float('grl_strength', 1.0, 'Reversal at the end.')
_CRITIC = flags.DEFINE_multi_integer('critic', [1024, 1024], 'A hidden layer.')
_NORM = flags.DEFINE_bool('critic_norm', True, 'BatchNorm in the critic.')
_DROPOUT = flags.DEFINE_float('critic_dropout', 0.0, 'In the critic.')
_WEIGHT = flags.DEFINE_float('adaptation_weight', 1.0, 'Of the domain loss.')
_PASSES = flags.DEFINE_enum('passes', 'joint', PASSES, 'Of the model.')
_SCHEDULE = flags.DEFINE_enum(
  'grl_schedule', 'paper', list(STRENGTHS), 'How the reversal rises.'
)


def build(model, optimizer):
  widths = tuple(_CRITIC.value)
  strength = STRENGTHS[_SCHEDULE.value](FLAGS.steps, _STRENGTH.value)
  return methods.dann(
    model,
    models.DomainCritic(widths, _NORM.value, _DROPOUT.value, model.dtype),
    optimizer,
    strength=strength,
    weight=_WEIGHT.value,
    passes=_PASSES.value,
  )


if __name__ == '__main__':
  common.main('dann', build)
