"""Losses: pure functions of arrays.

Every discrepancy reads `f(z_s, z_t, *, hyperparameters)` with [n, d] and
[m, d] features, n != m allowed, and returns a float32 scalar. Not here:
regularisers of parameters (optimizers) and validators (they train nothing).
"""

from collections.abc import Callable

import jax

from da_jax.losses.adversarial import (
  domain_accuracy as domain_accuracy,
)
from da_jax.losses.adversarial import (
  domain_adversarial_loss as domain_adversarial_loss,
)
from da_jax.losses.coral import coral as coral
from da_jax.losses.cross_entropy import (
  accuracy as accuracy,
)
from da_jax.losses.cross_entropy import (
  cross_entropy as cross_entropy,
)
from da_jax.losses.mmd import mmd as mmd

ALIGNMENTS: dict[str, Callable[..., jax.Array]] = {
  'mmd': mmd,
  'coral': coral,
}
