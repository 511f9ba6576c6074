"""Correlation alignment.

Sun and Saenko, "Deep CORAL: Correlation Alignment for Deep Domain Adaptation",
ECCV Workshops 2016, https://arxiv.org/abs/1607.01719
"""

import jax
import jax.numpy as jnp


def coral(z_s: jax.Array, z_t: jax.Array) -> jax.Array:
  """Squared Frobenius distance of the domains' covariances.

  ||C_s - C_t||_F^2 / (4 d^2), C = centred Z^T Z / (n - 1). No square root.

  Args:
    z_s: [n, d] source features, n > 1.
    z_t: [m, d] target features, m > 1.

  Returns:
    [] float32.

  Raises:
    ValueError: widths differ or a domain has fewer than two rows.
  """
  if z_s.shape[1:] != z_t.shape[1:] or min(len(z_s), len(z_t)) < 2:
    raise ValueError(f'z [n > 1, d] each, not {z_s.shape}, {z_t.shape}')
  difference = _covariance(z_s) - _covariance(z_t)
  return jnp.sum(difference**2) / (4.0 * float(z_s.shape[1]) ** 2)


def _covariance(z: jax.Array) -> jax.Array:
  z = z.astype(jnp.float32)
  z = z - jnp.mean(z, axis=0)
  return z.T @ z / (z.shape[0] - 1)
