"""Classification losses on logits."""

import jax
import jax.numpy as jnp


def cross_entropy(
  logits: jax.Array, y: jax.Array, *, label_smoothing: float = 0.0
) -> jax.Array:
  """Mean cross entropy with label smoothing over all k classes.

  mean_i sum_c -q_ic log softmax(logits_i)_c, with
  q_ic = (1 - s) [y_i = c] + s / k. Computed in float32.

  Args:
    logits: [n, k].
    y: int32 [n], labels in 0..k-1.
    label_smoothing: s in [0, 1).

  Returns:
    [] float32.

  Raises:
    ValueError: the shapes do not fit.

  Source: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016.
  """
  if logits.ndim != 2 or y.shape != logits.shape[:1]:
    raise ValueError(f'logits [n, k] and y [n], not {logits.shape}, {y.shape}')
  log_p = jax.nn.log_softmax(logits.astype(jnp.float32))
  hit = jnp.take_along_axis(log_p, y[:, None], axis=1)[:, 0]
  uniform = jnp.mean(log_p, axis=1)
  return -jnp.mean((1.0 - label_smoothing) * hit + label_smoothing * uniform)


def accuracy(logits: jax.Array, y: jax.Array) -> jax.Array:
  """Share of rows whose largest logit is the label.

  Args:
    logits: [n, k].
    y: int32 [n].

  Returns:
    [] float32 in [0, 1].
  """
  return jnp.mean((jnp.argmax(logits, axis=1) == y).astype(jnp.float32))
