"""Losses: pure functions of arrays.

Every discrepancy reads `f(z_s, z_t, *, hyperparameters)` with [n, d] and
[m, d] features, n != m allowed, and returns a float32 scalar. Not here:
weight decay (optimizers) and validators (they train nothing).
"""

from collections.abc import Callable

import jax

from da_jax.losses.adversarial import (
  domain_accuracy as domain_accuracy,
)
from da_jax.losses.adversarial import (
  domain_adversarial_loss as domain_adversarial_loss,
)
from da_jax.losses.bss import (
  batch_spectral_shrinkage as batch_spectral_shrinkage,
)
from da_jax.losses.contrastive import (
  categorical_contrastive as categorical_contrastive,
)
from da_jax.losses.contrastive import normalize as normalize
from da_jax.losses.coral import coral as coral
from da_jax.losses.cross_entropy import (
  accuracy as accuracy,
)
from da_jax.losses.cross_entropy import (
  cross_entropy as cross_entropy,
)
from da_jax.losses.delta import attentive_distance as attentive_distance
from da_jax.losses.delta import channel_attention as channel_attention
from da_jax.losses.distillation import distillation as distillation
from da_jax.losses.distillation import (
  soft_cross_entropy as soft_cross_entropy,
)
from da_jax.losses.mmd import mmd as mmd
from da_jax.losses.starting_point import squared_norm as squared_norm
from da_jax.losses.starting_point import (
  starting_point_penalty as starting_point_penalty,
)

ALIGNMENTS: dict[str, Callable[..., jax.Array]] = {
  'mmd': mmd,
  'coral': coral,
}
