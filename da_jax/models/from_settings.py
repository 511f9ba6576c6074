"""Networks from the settings of a run, as its flags or config.json has them."""

from collections.abc import Mapping
from typing import Any

from flax import linen as nn
import jax.numpy as jnp

from da_jax import models
from da_jax.errors import UserError


def classifier(
  settings: Mapping[str, Any],
  num_classes: int,
  *,
  frozen: int = 0,
  on_features: bool = False,
) -> models.Classifier:
  """Builds the classifier of a run.

  Args:
    settings: 'backbone', 'bottleneck', 'bottleneck_norm', 'bottleneck_dropout'
      and 'dtype'; others are ignored.
    num_classes: of the head.
    frozen: depths of the backbone that do not train: leading ones, or trailing
      ones if it is negative.
    on_features: whether it takes the backbone's features instead of inputs.

  Returns:
    The module.

  Raises:
    UserError: there is no such backbone.
  """
  return models.Classifier(
    models.Identity() if on_features else backbone(settings, frozen=frozen),
    num_classes=num_classes,
    bottleneck=settings['bottleneck'],
    bottleneck_norm=settings['bottleneck_norm'],
    bottleneck_dropout=settings['bottleneck_dropout'],
    dtype=jnp.dtype(settings['dtype']),
  )


def backbone(settings: Mapping[str, Any], *, frozen: int = 0) -> nn.Module:
  """Builds the backbone of a run.

  Args:
    settings: 'backbone' and 'dtype'; others are ignored.
    frozen: as of `classifier`.

  Returns:
    The module.

  Raises:
    UserError: there is no such backbone.
  """
  name = settings['backbone']
  if name not in models.BACKBONES:
    raise UserError(
      f'there is no backbone {name!r}: choose from'
      f' {", ".join(models.BACKBONES)}.'
    )
  return models.BACKBONES[name](
    dtype=jnp.dtype(settings['dtype']), frozen=frozen
  )
