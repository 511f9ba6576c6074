import itertools

import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np
import pytest

from da_jax.losses import mmd
from da_jax.losses.mmd import BANDWIDTHS, ESTIMATORS, squared_distances

RNG = np.random.default_rng(0)
Z_S = RNG.normal(size=(6, 4)).astype(np.float32)
Z_T = (RNG.normal(size=(9, 4)) * 1.5 + 1).astype(np.float32)


def _slow(z_s, z_t, estimator, bandwidth, kernels=5, multiplier=2.0):
  z_s, z_t = z_s.astype(np.float64), z_t.astype(np.float64)
  pooled = np.concatenate([z_s, z_t])
  square = lambda x, y: float(
    sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
  )
  distances = [square(x, y) for x, y in itertools.permutations(pooled, 2)]
  scale = {'mean': np.mean, 'median': np.median}[bandwidth](distances)

  def k(x, y):
    return sum(
      np.exp(-square(x, y) / (scale * multiplier ** (u - kernels // 2)))
      for u in range(kernels)
    )

  if estimator == 'linear':
    n = min(len(z_s), len(z_t)) // 2 * 2
    return np.mean(
      [
        k(z_s[i], z_s[i + 1])
        + k(z_t[i], z_t[i + 1])
        - k(z_s[i], z_t[i + 1])
        - k(z_s[i + 1], z_t[i])
        for i in range(0, n, 2)
      ]
    )
  pairs = {
    'biased': lambda z: itertools.product(z, z),
    'unbiased': lambda z: itertools.permutations(z, 2),
  }[estimator]
  mean = lambda it: np.mean([k(x, y) for x, y in it])
  return (
    mean(pairs(z_s)) + mean(pairs(z_t)) - 2 * mean(itertools.product(z_s, z_t))
  )


@pytest.mark.parametrize('bandwidth', BANDWIDTHS)
@pytest.mark.parametrize('estimator', ESTIMATORS)
def test_equals_the_double_loop(estimator, bandwidth):
  options = {'estimator': estimator, 'bandwidth': bandwidth}
  loss = lambda a, b: mmd(a, b, **options)
  expected = _slow(Z_S, Z_T, **options)
  for function in (loss, jax.jit(loss)):
    np.testing.assert_allclose(function(Z_S, Z_T), expected, rtol=2e-5)


def test_number_and_ratio_of_kernels():
  options = {'estimator': 'unbiased', 'bandwidth': 'mean'}
  for kernels, multiplier in ((1, 2.0), (4, 2.0), (3, 5.0)):
    more = {'kernels': kernels, 'multiplier': multiplier}
    np.testing.assert_allclose(
      mmd(Z_S, Z_T, **options, **more),
      _slow(Z_S, Z_T, **options, **more),
      rtol=2e-5,
    )


@pytest.mark.parametrize('estimator', ESTIMATORS)
def test_gradient_with_the_bandwidth_held(estimator):
  """Numerically, of the double loop at the bandwidth of the first call."""
  z_s, z_t = jnp.asarray(Z_S), jnp.asarray(Z_T)
  pooled = np.concatenate([Z_S, Z_T])
  d2 = ((pooled[:, None] - pooled[None]) ** 2).sum(axis=2)
  scale = d2.sum() / (len(d2) * (len(d2) - 1))

  def reference(a, b):
    both = jnp.concatenate([a, b])
    distances = jnp.sum((both[:, None] - both[None]) ** 2, axis=2)
    k = sum(jnp.exp(-distances / (scale * 2.0**u)) for u in range(-2, 3))
    n = len(a)
    ss, tt, st = k[:n, :n], k[n:, n:], k[:n, n:]
    if estimator == 'biased':
      return ss.mean() + tt.mean() - 2 * st.mean()
    if estimator == 'unbiased':
      off = lambda m: (m.sum() - len(m) * 5) / (len(m) * (len(m) - 1))
      return off(ss) + off(tt) - 2 * st.mean()
    i = jnp.arange(0, 6, 2)
    return jnp.mean(ss[i, i + 1] + tt[i, i + 1] - st[i, i + 1] - st[i + 1, i])

  ours = jax.grad(lambda a, b: mmd(a, b, estimator=estimator), (0, 1))
  theirs = jax.grad(reference, (0, 1))(z_s, z_t)
  check_grads(reference, (z_s, z_t), 1, modes=['rev'], rtol=2e-2)
  for got, wanted in zip(ours(z_s, z_t), theirs, strict=True):
    np.testing.assert_allclose(got, wanted, atol=2e-6)


def test_equals_tllib_in_torch():
  """TLlib's index matrix; without its constant 2 / (n - 1).

  Its bandwidth averages over all N^2 pairs, the zero diagonal among them; here
  over the N (N - 1) others, as ours.
  """
  torch = pytest.importorskip('torch')
  n = len(Z_S)
  z_s = torch.tensor(Z_S, requires_grad=True)
  z_t = torch.tensor(Z_T[:n], requires_grad=True)
  pooled = torch.cat([z_s, z_t])
  d2 = ((pooled[None] - pooled[:, None]) ** 2).sum(2)
  scale = d2.detach().sum() / (2 * n * (2 * n - 1))
  k = sum(torch.exp(-d2 / (2 * 2.0**a * scale)) for a in range(-3, 2))
  index = torch.full((2 * n, 2 * n), -1 / n**2)
  index[:n, :n] = index[n:, n:] = 1 / (n * (n - 1))
  expected = (k * index.fill_diagonal_(0)).sum()
  expected.backward()
  loss = lambda a, b: mmd(a, b, estimator='unbiased')
  value, gradients = jax.value_and_grad(loss, (0, 1))(Z_S, Z_T[:n])
  np.testing.assert_allclose(value, expected.item(), atol=1e-5)
  np.testing.assert_allclose(gradients[0], z_s.grad, atol=1e-5)
  np.testing.assert_allclose(gradients[1], z_t.grad, atol=1e-5)


def test_identities():
  np.testing.assert_allclose(mmd(Z_S, Z_S), 0, atol=1e-6)
  np.testing.assert_allclose(mmd(Z_S, Z_T), mmd(Z_T, Z_S), rtol=1e-5)
  np.testing.assert_allclose(mmd(Z_S + 3, Z_T + 3), mmd(Z_S, Z_T), rtol=1e-4)
  np.testing.assert_allclose(mmd(7 * Z_S, 7 * Z_T), mmd(Z_S, Z_T), rtol=1e-5)
  assert mmd(Z_S, Z_T) > 0


def test_unbiased_is_negative_for_some_samples_of_one_distribution():
  z = np.random.default_rng(1).normal(size=(8, 2, 6, 3)).astype(np.float32)
  values = [float(mmd(a, b, estimator='unbiased')) for a, b in z]
  assert min(values) < 0
  assert all(float(mmd(a, b)) >= 0 for a, b in z)


@pytest.mark.parametrize('bandwidth', BANDWIDTHS)
@pytest.mark.parametrize('estimator', ESTIMATORS)
def test_gradient_is_finite_where_everything_coincides(estimator, bandwidth):
  z = jnp.ones((4, 3))
  options = {'estimator': estimator, 'bandwidth': bandwidth}
  gradient = jax.grad(lambda a, b: mmd(a, b, **options), (0, 1))
  for g in (*gradient(z, z), *gradient(Z_S, jnp.asarray(Z_S))):
    assert np.all(np.isfinite(g))


def test_far_from_the_origin_distances_keep_their_precision():
  x = (1000 + RNG.normal(size=(5, 3)) * 0.1).astype(np.float32)
  exact = ((x[:, None].astype(np.float64) - x[None]) ** 2).sum(axis=2)
  np.testing.assert_allclose(squared_distances(x, x), exact, atol=1e-5)


def test_no_array_of_all_differences_is_built():
  n, d = 64, 512
  z = jax.ShapeDtypeStruct((n, d), jnp.float32)
  text = str(jax.make_jaxpr(jax.grad(lambda a, b: mmd(a, b)))(z, z))
  assert f'{2 * n},{2 * n}]' in text
  assert f'{2 * n},{2 * n},{d}]' not in text and f'{n},{n},{d}]' not in text


def test_bfloat16_is_computed_in_float32():
  value = mmd(jnp.asarray(Z_S, jnp.bfloat16), jnp.asarray(Z_T, jnp.bfloat16))
  assert value.dtype == jnp.float32
  np.testing.assert_allclose(value, mmd(Z_S, Z_T), rtol=2e-2)


@pytest.mark.parametrize(
  ('options', 'message'),
  [({'estimator': 'x'}, "'x'"), ({'bandwidth': 'y'}, "'y'")],
)
def test_unknown_names_are_named(options, message):
  with pytest.raises(ValueError, match=message):
    mmd(Z_S, Z_T, **options)


def test_shapes_that_do_not_fit_are_named():
  with pytest.raises(ValueError, match=r'\(6, 3\), \(9, 4\)'):
    mmd(Z_S[:, :3], Z_T)
