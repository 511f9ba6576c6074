"""Maximum mean discrepancy with a sum of Gaussian kernels (MK-MMD).

Gretton et al., "A Kernel Two-Sample Test", JMLR 13, 2012; Long et al.,
"Learning Transferable Features with Deep Adaptation Networks", ICML 2015,
https://arxiv.org/abs/1502.02791. Deviation: kernels are summed with equal
weights, as the authors' code does; the paper optimises them.
"""

import jax
from jax import lax
import jax.numpy as jnp

BANDWIDTHS = ('mean', 'median')
ESTIMATORS = ('biased', 'unbiased', 'linear')


def mmd(
  z_s: jax.Array,
  z_t: jax.Array,
  *,
  estimator: str = 'biased',
  bandwidth: str = 'mean',
  kernels: int = 5,
  multiplier: float = 2.0,
) -> jax.Array:
  """Squared MMD under k(x, y) = sum_u exp(-||x - y||^2 / (b c_u)).

  c_u = multiplier^(u - kernels // 2), u = 0..kernels-1. b is the mean or the
  median squared distance over the pairs i != j of the pooled batch, detached.
  'biased': mean K_ss + mean K_tt - 2 mean K_st, diagonals included (>= 0).
  'unbiased': diagonals of K_ss and K_tt left out (can be negative).
  'linear': mean over disjoint pairs (x1, x2), (y1, y2) of
  k(x1, x2) + k(y1, y2) - k(x1, y2) - k(x2, y1); a larger domain is cut.

  Args:
    z_s: [n, d] source features, n > 1.
    z_t: [m, d] target features, m > 1.
    estimator: one of `ESTIMATORS`.
    bandwidth: one of `BANDWIDTHS`.
    kernels: how many.
    multiplier: ratio of neighbouring bandwidths.

  Returns:
    [] float32.

  Raises:
    ValueError: shapes or names do not fit.
  """
  if z_s.shape[1:] != z_t.shape[1:] or min(len(z_s), len(z_t)) < 2:
    raise ValueError(f'z [n > 1, d] each, not {z_s.shape}, {z_t.shape}')
  if estimator not in ESTIMATORS:
    raise ValueError(f'estimator is one of {ESTIMATORS}, not {estimator!r}')
  if bandwidth not in BANDWIDTHS:
    raise ValueError(f'bandwidth is one of {BANDWIDTHS}, not {bandwidth!r}')
  z_s, z_t = z_s.astype(jnp.float32), z_t.astype(jnp.float32)
  pooled = jnp.concatenate([z_s, z_t])
  distances = squared_distances(pooled, pooled)
  scale = lax.stop_gradient(_bandwidth(distances, bandwidth))
  factors = multiplier ** (jnp.arange(kernels) - kernels // 2)

  def kernel(d2):
    return sum(jnp.exp(-d2 / (scale * c)) for c in factors)

  if estimator == 'linear':
    return _linear(z_s, z_t, kernel)
  n = len(z_s)
  k = kernel(distances)
  k_ss, k_tt, k_st = k[:n, :n], k[n:, n:], k[:n, n:]
  if estimator == 'biased':
    return jnp.mean(k_ss) + jnp.mean(k_tt) - 2.0 * jnp.mean(k_st)
  return _mean_off_diagonal(k_ss) + _mean_off_diagonal(k_tt) - 2.0 * k_st.mean()


def squared_distances(x: jax.Array, y: jax.Array) -> jax.Array:
  """Squared Euclidean distances by the Gram identity, clamped at zero.

  ||x||^2 + ||y||^2 - 2 <x, y>, so that no [n, m, d] array exists. Rows are
  centred first: the identity loses precision far from the origin.

  Args:
    x: [n, d].
    y: [m, d].

  Returns:
    [n, m].
  """
  centre = lax.stop_gradient(jnp.mean(x, axis=0))
  x, y = x - centre, y - centre
  inner = jnp.matmul(x, y.T, precision=lax.Precision.HIGHEST)
  squares_x = jnp.sum(x**2, axis=1)[:, None]
  return jnp.maximum(squares_x + jnp.sum(y**2, axis=1) - 2.0 * inner, 0.0)


def _bandwidth(distances: jax.Array, name: str) -> jax.Array:
  n = len(distances)
  if name == 'mean':
    scale = jnp.sum(distances) / (n * (n - 1))
  else:
    # Diagonal zeros sort first: pushed past the end, they leave the median.
    off = jnp.where(jnp.eye(n, dtype=bool), jnp.nan, distances)
    scale = jnp.nanmedian(off)
  # Rows that all coincide would otherwise divide zero by zero.
  return jnp.maximum(scale, 1e-12)


def _mean_off_diagonal(k: jax.Array) -> jax.Array:
  n = len(k)
  return (jnp.sum(k) - jnp.trace(k)) / (n * (n - 1))


def _linear(z_s: jax.Array, z_t: jax.Array, kernel) -> jax.Array:
  pairs = min(len(z_s), len(z_t)) // 2
  x1, x2 = z_s[: 2 * pairs : 2], z_s[1 : 2 * pairs : 2]
  y1, y2 = z_t[: 2 * pairs : 2], z_t[1 : 2 * pairs : 2]

  def k(a, b):
    return kernel(jnp.sum((a - b) ** 2, axis=1))

  return jnp.mean(k(x1, x2) + k(y1, y2) - k(x1, y2) - k(x2, y1))
