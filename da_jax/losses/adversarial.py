"""The domain classifier's loss, which features maximise through a reversal.

Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17(59),
2016, https://jmlr.org/papers/v17/15-239.html
"""

import jax
import jax.numpy as jnp


def domain_adversarial_loss(
  logits_s: jax.Array, logits_t: jax.Array
) -> jax.Array:
  """Binary cross entropy of the critic, each domain weighing one half.

  (mean softplus(-logits_s) + mean softplus(logits_t)) / 2: the source is
  labelled 1, the target 0. Computed in float32 from logits.

  Args:
    logits_s: [n] critic's logits on source features.
    logits_t: [m] critic's logits on target features.

  Returns:
    [] float32; log 2 for a critic that cannot tell.

  Raises:
    ValueError: the logits are not vectors.
  """
  if logits_s.ndim != 1 or logits_t.ndim != 1:
    raise ValueError(f'logits [n], [m], not {logits_s.shape}, {logits_t.shape}')
  loss_s = jnp.mean(jax.nn.softplus(-logits_s.astype(jnp.float32)))
  loss_t = jnp.mean(jax.nn.softplus(logits_t.astype(jnp.float32)))
  return 0.5 * (loss_s + loss_t)


def domain_accuracy(logits_s: jax.Array, logits_t: jax.Array) -> jax.Array:
  """Share of features whose domain the critic tells, halves weighing equally.

  Args:
    logits_s: [n] critic's logits on source features.
    logits_t: [m] critic's logits on target features.

  Returns:
    [] float32 in [0, 1]; one half for a critic that cannot tell.
  """
  hits_s = jnp.mean((logits_s > 0).astype(jnp.float32))
  hits_t = jnp.mean((logits_t <= 0).astype(jnp.float32))
  return 0.5 * (hits_s + hits_t)
