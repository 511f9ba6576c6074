"""Squared distance of parameters to where their training started.

With equal weights L2-SP (Li, Grandvalet and Davoine, "Explicit Inductive Bias
for Transfer Learning with Convolutional Networks", ICML 2018,
https://arxiv.org/abs/1802.01483); weighted by Fisher information EWC
(Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks",
PNAS 114(13), 2017, https://arxiv.org/abs/1612.00796).
"""

import jax
import jax.numpy as jnp

from da_jax import types


def starting_point_penalty(
  params: types.PyTree,
  start: types.PyTree,
  importance: types.PyTree | None = None,
) -> jax.Array:
  """1/2 sum_i f_i (w_i - w0_i)^2, f_i = 1 without `importance`.

  Args:
    params: tree of w.
    start: tree of w0, of the same structure.
    importance: tree of f, likewise.

  Returns:
    [] float32.
  """
  squares = jax.tree.map(lambda w, w0: (w - w0) ** 2, params, start)
  if importance is not None:
    squares = jax.tree.map(jnp.multiply, importance, squares)
  return 0.5 * sum(
    (jnp.sum(square) for square in jax.tree.leaves(squares)),
    start=jnp.zeros(()),
  )


def squared_norm(params: types.PyTree) -> jax.Array:
  """1/2 sum_i w_i^2 of a tree: the distance to zero, float32 []."""
  return starting_point_penalty(params, jax.tree.map(jnp.zeros_like, params))
