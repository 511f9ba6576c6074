import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax.losses import categorical_contrastive, normalize

RNG = np.random.default_rng(0)
N, K, SIZE, T = 5, 3, 4, 0.07
CURRENT = RNG.uniform(-1, 1, size=N)
QUEUED = RNG.uniform(-1, 1, size=(N, K, SIZE))
Y = np.array([0, 2, 1, 2, 0])


def test_equals_tllib_in_torch():
  """Rows [current, own class, others]; KL to 1 / (K + 1) over the first."""
  torch = pytest.importorskip('torch')
  current = torch.tensor(CURRENT, requires_grad=True)
  queued = torch.tensor(QUEUED)
  rows = []
  for i, c in enumerate(Y):
    others = torch.cat([queued[i, :c], queued[i, c + 1 :]]).reshape(-1)
    rows.append(torch.cat([current[i : i + 1], queued[i, c], others]))
  log_p = torch.log_softmax(torch.stack(rows) / T, dim=1)
  wanted = torch.zeros_like(log_p)
  wanted[:, : SIZE + 1] = 1.0 / (SIZE + 1)
  kl_div = torch.nn.KLDivLoss(reduction='batchmean')
  expected = kl_div(log_p, wanted)
  expected.backward()
  value, gradient = jax.jit(jax.value_and_grad(categorical_contrastive))(
    CURRENT.astype(np.float32), QUEUED.astype(np.float32), Y
  )
  np.testing.assert_allclose(value, expected.item(), rtol=1e-5)
  np.testing.assert_allclose(gradient, current.grad, atol=1e-5)


def test_zero_where_positives_alone_are_near():
  near = np.full((N, K, SIZE), -100.0)
  near[np.arange(N), Y] = 1.0
  value = categorical_contrastive(jnp.ones(N), jnp.asarray(near), Y)
  np.testing.assert_allclose(value, 0, atol=1e-5)


def test_unit_rows_and_the_row_of_zeros():
  z = jnp.array([[3.0, 4.0], [0.0, 0.0]])
  np.testing.assert_allclose(normalize(z), [[0.6, 0.8], [0, 0]], rtol=1e-6)
  gradient = jax.grad(lambda z: normalize(z).sum())(z)
  assert np.all(np.abs(gradient) <= 1)
