"""Cross entropy and divergence from soft labels.

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015,
https://arxiv.org/abs/1503.02531
"""

import jax
import jax.numpy as jnp


def soft_cross_entropy(logits: jax.Array, p: jax.Array) -> jax.Array:
  """mean_i sum_c -p_ic log softmax(logits_i)_c.

  Args:
    logits: [n, k].
    p: [n, k], each row a distribution.

  Returns:
    [] float32.

  Raises:
    ValueError: the shapes differ.
  """
  if logits.ndim != 2 or p.shape != logits.shape:
    raise ValueError(f'logits and p [n, k], not {logits.shape}, {p.shape}')
  log_q = jax.nn.log_softmax(logits.astype(jnp.float32))
  return -jnp.mean(jnp.sum(p * log_q, axis=1))


def distillation(
  logits: jax.Array, teacher_logits: jax.Array, *, temperature: float = 2.0
) -> jax.Array:
  """mean_i KL(softmax(teacher_i / T) || softmax(logits_i / T)).

  As TLlib's `KnowledgeDistillationLoss`: not multiplied by T^2. The gradient is
  that of LwF's cross entropy between recorded and current probabilities.

  Args:
    logits: [n, k] of the student.
    teacher_logits: [n, k], a constant.
    temperature: T > 0.

  Returns:
    [] float32; 0 where the two agree.
  """
  teacher_logits = jax.lax.stop_gradient(teacher_logits).astype(jnp.float32)
  log_p = jax.nn.log_softmax(teacher_logits / temperature)
  p = jnp.exp(log_p)
  entropy = -jnp.mean(jnp.sum(p * log_p, axis=1))
  scaled = logits.astype(jnp.float32) / temperature
  return soft_cross_entropy(scaled, p) - entropy
