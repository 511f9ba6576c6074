import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax.losses import attentive_distance, channel_attention

RNG = np.random.default_rng(0)
SHAPES = {'conv': (3, 2, 4, 5), 'dense': (3, 6)}
MAPS, START = (
  {name: RNG.normal(size=shape) for name, shape in SHAPES.items()}
  for _ in range(2)
)
ATTENTION = {
  name: RNG.dirichlet(np.ones(shape[-1])) for name, shape in SHAPES.items()
}


def _float32(tree):
  return jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), tree)


def test_equals_tllib_in_torch():
  """0.5 sum C a_c ||fm_tgt - fm_src||^2 / (h w), summed over the batch."""
  torch = pytest.importorskip('torch')
  maps = {n: torch.tensor(m, requires_grad=True) for n, m in MAPS.items()}
  total = 0.0
  for name, fm in maps.items():
    channels = fm.shape[-1]
    rows = (fm - torch.tensor(START[name])).reshape(3, -1, channels)
    distance = torch.norm(rows.transpose(1, 2), 2, 2)
    a = torch.tensor(ATTENTION[name])
    total += 0.5 * torch.sum(channels * a * distance**2 / rows.shape[1])
  total.backward()
  value, gradient = jax.jit(jax.value_and_grad(attentive_distance))(
    *_float32((MAPS, START, ATTENTION))
  )
  np.testing.assert_allclose(value, total.item(), rtol=1e-5)
  for name, fm in maps.items():
    np.testing.assert_allclose(gradient[name], fm.grad, atol=1e-5)


def test_the_start_is_a_constant_and_at_no_distance():
  maps, start, attention = _float32((MAPS, START, ATTENTION))
  assert attentive_distance(start, start, attention) == 0
  gradient = jax.grad(attentive_distance, 1)(maps, start, attention)
  assert not any(np.any(g) for g in jax.tree.leaves(gradient))


def test_attention_of_known_increases():
  rise = np.array([0.0, 1.0, 2.0])
  scores = (rise - 1) / np.std(rise) / 5
  expected = np.exp(scores) / np.exp(scores).sum()
  np.testing.assert_allclose(channel_attention(rise), expected, rtol=1e-6)
  np.testing.assert_allclose(channel_attention(jnp.ones(4)), 0.25)
