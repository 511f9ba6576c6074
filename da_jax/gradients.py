"""Gradient reversal.

Ganin and Lempitsky, "Unsupervised Domain Adaptation by Backpropagation",
ICML 2015, https://arxiv.org/abs/1409.7495
"""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def reverse_gradient(x: jax.Array, strength: jax.Array) -> jax.Array:
  """Identity whose gradient is reversed: forward x, backward -strength * g.

  Args:
    x: any shape.
    strength: [] reversal strength; traced, so a schedule of the step may give
      it. It has no gradient of its own.

  Returns:
    `x`.
  """
  del strength
  return x


def _forward(x, strength):
  return x, strength


def _backward(strength, gradient):
  reversed_gradient = -jnp.asarray(strength, gradient.dtype) * gradient
  return reversed_gradient, jnp.zeros_like(strength)


reverse_gradient.defvjp(_forward, _backward)
