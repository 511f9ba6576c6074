"""Fine-tuning: labelled target examples continue a trained network.

Freezing from the input up follows Yosinski et al., "How transferable are
features in deep neural networks?", NeurIPS 2014,
https://arxiv.org/abs/1411.1792: early layers are general, late ones special.
Frozen depths keep their BatchNorm statistics (`frozen` of the backbone) and
get no updates (`optimizers.by_part`).
"""

from flax import linen as nn
import optax

from da_jax.errors import UserError
from da_jax.methods import base
from da_jax.types import Method

# Labelled target examples a class below which so much is frozen by 'auto'.
AUTO = ((10, 'backbone'), (50, 'all but the last'), (200, 'stem'))


def finetune(
  model: nn.Module,
  optimizer: optax.GradientTransformation,
  *,
  label_smoothing: float = 0.0,
) -> Method:
  """Minimises the cross entropy of labelled target examples.

  Args:
    model: the classifier, its backbone made with `frozen` depths.
    optimizer: transformation of {'model': params}, the same depths frozen.
    label_smoothing: in [0, 1).

  Returns:
    The method; metrics: loss, target_batch_accuracy, gradient_norm.
  """
  return base.supervised(
    model, optimizer, domain='target', label_smoothing=label_smoothing
  )


def frozen_depths(
  backbone: nn.Module, freeze: str, labels_per_class: float
) -> int:
  """How many depths of a backbone a policy freezes, from the input up.

  Args:
    backbone: gives the names in order, `depths`.
    freeze: 'none', 'backbone', the name of the last depth to freeze, or 'auto'
      = the less labelled target data, the more (see `AUTO`).
    labels_per_class: labelled target training examples a class, on average.

  Returns:
    The number of leading depths to freeze.

  Raises:
    UserError: the backbone has no depth of that name.
  """
  names = [name for name, _ in backbone.depths]
  if freeze == 'auto':
    freeze = next((f for n, f in AUTO if labels_per_class < n), 'none')
  special = {
    'none': 0,
    'all but the last': len(names) - 1,
    'backbone': len(names),
  }
  if freeze in special:
    return special[freeze]
  if freeze not in names:
    choices = ', '.join(['none', *names, 'backbone', 'auto'])
    raise UserError(f'--freeze={freeze} is not a depth: choose of {choices}.')
  return names.index(freeze) + 1


def frozen_parts(backbone: nn.Module, count: int) -> tuple[str, ...]:
  """The parameters of the first `count` depths, for `optimizers.by_part`."""
  return tuple(
    f'model/backbone/{module}'
    for _, modules in backbone.depths[:count]
    for module in modules
  )
