"""Batch spectral shrinkage: the smallest singular values of the features.

Chen X. et al., "Catastrophic Forgetting Meets Negative Transfer: Batch Spectral
Shrinkage for Safe Transfer Learning", NeurIPS 2019,
https://proceedings.neurips.cc/paper/2019/hash/c6bff625bdb0393992c9d4db0c6bbe45-Abstract.html
"""

import functools

import jax
import jax.numpy as jnp


def batch_spectral_shrinkage(z: jax.Array, *, k: int = 1) -> jax.Array:
  """sum of the k smallest sigma_i^2 among the min(n, d) singular values.

  Its gradient is taken as 2 sum_i sigma_i u_i v_i^T, which is finite where
  singular values coincide or vanish.

  Args:
    z: [n, d] features.
    k: how many singular values.

  Returns:
    [] float32.

  Raises:
    ValueError: there are not k singular values.
  """
  if z.ndim != 2 or not 1 <= k <= min(z.shape):
    raise ValueError(f'z [n, d] with 1 <= k <= min(n, d), not {z.shape}, {k}')
  return _smallest(k, z.astype(jnp.float32))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _smallest(k, z):
  sigma = jnp.linalg.svd(z, compute_uv=False)
  return jnp.sum(sigma[-k:] ** 2)


def _forward(k, z):
  u, sigma, vt = jnp.linalg.svd(z, full_matrices=False)
  u, sigma, vt = u[:, -k:], sigma[-k:], vt[-k:]
  return jnp.sum(sigma**2), 2.0 * (u * sigma) @ vt


_smallest.defvjp(_forward, lambda k, direction, g: (g * direction,))
