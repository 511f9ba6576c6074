"""The categorical contrastive loss of Bi-Tuning.

Zhong et al., "Bi-tuning of Pre-trained Representations", 2020,
https://arxiv.org/abs/2011.06182
"""

import jax
import jax.numpy as jnp


def categorical_contrastive(
  current: jax.Array,
  queued: jax.Array,
  y: jax.Array,
  *,
  temperature: float = 0.07,
) -> jax.Array:
  """KL from the uniform distribution over the positives, as TLlib computes it.

  mean_i [-log(K + 1) - 1 / (K + 1) sum_{j positive} log p_ij], with p_i the
  softmax of [current_i, queued_i] / T; positive are the current key and the K
  queued ones of class y_i.

  Args:
    current: [n] similarity to the key of the same example.
    queued: [n, k, K] similarity to the K keys kept of each of k classes.
    y: int32 [n].
    temperature: T.

  Returns:
    [] float32.
  """
  n, _, size = queued.shape
  current, queued = current / temperature, queued / temperature
  everything = jnp.concatenate([current[:, None], queued.reshape(n, -1)], 1)
  positive = jnp.take_along_axis(queued, y[:, None, None], axis=1)
  total = current + jnp.sum(positive, axis=(1, 2))
  mean_log_p = total / (size + 1) - jax.nn.logsumexp(everything, axis=1)
  return -jnp.log(size + 1.0) - jnp.mean(mean_log_p)


def normalize(z: jax.Array) -> jax.Array:
  """Rows [n, d] of unit length; a row of zeros stays zero."""
  squares = jnp.sum(z**2, axis=1, keepdims=True)
  # Where, not a maximum: the gradient at 0 would be of the size of 1 / eps.
  return z * jax.lax.rsqrt(jnp.where(squares > 1e-24, squares, 1.0))
