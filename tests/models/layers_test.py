"""Every layer against the plain linen one: values and gradients."""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import parallel
from da_jax.models import layers

KEY = jax.random.key(0)


def close(actual, desired, tolerance=1e-5):
  """Asserts equality of two trees relative to the largest entry of each."""
  leaves = map(jax.tree.leaves, (actual, desired))
  for a, b in zip(*leaves, strict=True):
    scale = max(1.0, np.abs(b).max())
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)


def value_and_grads(apply, *args):
  """The value of `apply` and the gradients of a random projection of it."""
  value = apply(*args)
  weights = jax.random.normal(jax.random.key(9), value.shape)
  loss = lambda *args: (apply(*args) * weights).sum()
  return value, jax.jit(jax.grad(loss, tuple(range(len(args)))))(*args)


@pytest.mark.parametrize(
  'size,strides,padding,bias',
  [(1, 1, 0, False), (1, 2, 0, True), (3, 2, 1, False), (5, 1, 0, True)],
)
def test_conv_equals_linen(size, strides, padding, bias):
  x = jax.random.normal(KEY, (2, 9, 8, 3))
  ours = layers.Conv(4, size, strides, padding, use_bias=bias)
  theirs = nn.Conv(
    4, (size, size), strides, [(padding, padding)] * 2, use_bias=bias
  )
  params = ours.init(KEY, x)
  assert jax.tree.map(jnp.shape, params) == jax.tree.map(
    jnp.shape, theirs.init(KEY, x)
  )
  close(
    value_and_grads(ours.apply, params, x),
    value_and_grads(theirs.apply, params, x),
  )


@pytest.mark.parametrize('shape', [(6,), (5, 6), (2, 3, 4, 6)])
def test_dense_equals_linen(shape):
  x = jax.random.normal(KEY, shape)
  params = layers.Dense(4).init(KEY, x)
  close(
    value_and_grads(layers.Dense(4).apply, params, x),
    value_and_grads(nn.Dense(4).apply, params, x),
  )


@pytest.mark.parametrize('shape', [(16, 6), (4, 5, 3, 6)])
@pytest.mark.parametrize('running', [False, True])
def test_batch_norm_equals_linen(shape, running):
  x = 3 + 2 * jax.random.normal(KEY, shape)
  ours = layers.BatchNorm()
  theirs = nn.BatchNorm(momentum=0.9, use_fast_variance=False)
  variables = ours.init(KEY, x, running)
  assert jax.tree.map(jnp.shape, variables) == jax.tree.map(
    jnp.shape, theirs.init(KEY, x, running)
  )
  variables = jax.tree.map(
    lambda v: v + jax.random.uniform(KEY, v.shape), variables
  )

  def outputs(layer):
    apply = lambda v, x: layer.apply(v, x, running, mutable=['batch_stats'])
    gradients = value_and_grads(lambda v, x: apply(v, x)[0], variables, x)
    return gradients, apply(variables, x)[1]

  close(outputs(ours), outputs(theirs))


def test_batch_norm_has_second_derivatives_and_vmap():
  x = jax.random.normal(KEY, (3, 8, 4))

  def penalty(layer, x):
    variables = layer.init(KEY, x, False)
    apply = lambda x: layer.apply(variables, x, False, mutable=['batch_stats'])
    return (jax.grad(lambda x: (apply(x)[0] ** 3).sum())(x) ** 2).sum()

  close(
    jax.vmap(jax.grad(lambda x: penalty(layers.BatchNorm(), x)))(x),
    jax.vmap(jax.grad(lambda x: penalty(nn.BatchNorm(), x)))(x),
  )


def test_batch_norm_keeps_a_small_variance_beside_a_large_mean():
  x = 1000 + 0.01 * jax.random.normal(KEY, (256, 1))
  variables = layers.BatchNorm().init(KEY, x, False)
  _, updated = layers.BatchNorm().apply(
    variables, x, False, mutable=['batch_stats']
  )
  variance = (updated['batch_stats']['var'] - 0.9) / 0.1
  assert 0 <= variance[0] < 1e-3


def test_batch_norm_spans_the_devices_of_a_map():
  assert jax.device_count() == 4  # of tests/conftest.py
  x = (
    jax.random.normal(KEY, (16, 3, 3, 5)) + jnp.arange(16)[:, None, None, None]
  )
  layer = layers.BatchNorm()
  variables = layer.init(KEY, x, False)
  apply = lambda v, x: layer.apply(v, x, False, mutable=['batch_stats'])
  mapped = jax.pmap(
    apply,
    axis_name=parallel.AXIS,
    in_axes=(None, 0),
    out_axes=(0, None),
    devices=jax.devices()[:4],
  )
  y, updated = mapped(variables, x.reshape(4, 4, 3, 3, 5))
  close((y.reshape(x.shape), updated), apply(variables, x))


@pytest.mark.parametrize('shape', [(2, 8, 6, 3), (2, 7, 9, 3)])
def test_max_pools_equal_linen(shape):
  x = jax.random.normal(KEY, shape)
  edges = [(1, 1), (1, 1)]
  close(
    value_and_grads(layers.max_pool_2x2, x),
    value_and_grads(lambda x: nn.max_pool(x, (2, 2), (2, 2)), x),
  )
  close(
    value_and_grads(layers.max_pool_3x3_s2, x),
    value_and_grads(lambda x: nn.max_pool(x, (3, 3), (2, 2), edges), x),
  )


def test_initialisation_is_torchs_default():
  dense = layers.Dense(500).init(KEY, jnp.zeros((1, 400)))['params']
  conv = layers.Conv(64, 5).init(KEY, jnp.zeros((1, 8, 8, 16)))['params']
  for params in (dense, conv):
    for leaf in jax.tree.leaves(params):
      bound = 1 / 20
      assert 0.9 * bound < jnp.abs(leaf).max() <= bound
      assert jnp.abs(leaf.mean()) < 0.15 * bound
