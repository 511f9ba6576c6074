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
  [
    (1, 1, 0, False),
    (1, 2, 0, True),
    (3, 2, 1, False),
    (5, 1, 0, True),
    (4, 4, 0, True),
  ],
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


@pytest.mark.parametrize(
  'features,groups,size,strides,padding',
  [
    pytest.param(6, 6, 3, 1, 1, marks=pytest.mark.slow),
    (6, 6, 3, 2, 'SAME'),
    pytest.param(6, 6, 4, 2, 0, marks=pytest.mark.slow),
    pytest.param(6, 6, 2, 3, 1, marks=pytest.mark.slow),
    (12, 6, 3, 1, 1),
    (4, 2, 1, 1, 0),
  ],
)
def test_grouped_conv_equals_linen(features, groups, size, strides, padding):
  x = jax.random.normal(KEY, (2, 9, 8, 6))
  edges = padding if padding == 'SAME' else [(padding, padding)] * 2
  ours = layers.Conv(features, size, strides, padding, groups=groups)
  theirs = nn.Conv(
    features, (size, size), strides, edges, feature_group_count=groups
  )
  params = ours.init(KEY, x)
  assert jax.tree.map(jnp.shape, params) == jax.tree.map(
    jnp.shape, theirs.init(KEY, x)
  )
  close(
    value_and_grads(ours.apply, params, x),
    value_and_grads(theirs.apply, params, x),
  )


def test_depthwise_conv_has_second_derivatives_and_vmap():
  x = jax.random.normal(KEY, (3, 1, 6, 5, 4))

  def penalty(layer, x):
    params = layer.init(KEY, x)
    loss = lambda params, x: (layer.apply(params, x) ** 3).sum()
    gradients = jax.grad(loss, (0, 1))(params, x)
    return sum((leaf**2).sum() for leaf in jax.tree.leaves(gradients))

  one = nn.initializers.ones
  ours = layers.Conv(4, 3, 2, 1, False, kernel_init=one, groups=4)
  theirs = nn.Conv(
    *(4, (3, 3), 2, [(1, 1)] * 2),
    use_bias=False,
    kernel_init=one,
    feature_group_count=4,
  )
  gradients = [
    jax.jit(jax.vmap(jax.grad(lambda x, net=net: penalty(net, x))))(x)
    for net in (ours, theirs)
  ]
  close(gradients[0], gradients[1])


def test_bfloat16_depthwise_conv_rounds_once():
  x = jax.random.normal(KEY, (2, 9, 8, 6)).astype(jnp.bfloat16)
  ours = layers.Conv(6, 3, 2, 1, use_bias=False, dtype=jnp.bfloat16, groups=6)
  exact = layers.Conv(6, 3, 2, 1, use_bias=False, groups=6)
  params = jax.tree.map(
    lambda v: v.astype(jnp.bfloat16).astype(jnp.float32), ours.init(KEY, x)
  )
  y = ours.apply(params, x)
  assert y.dtype == jnp.bfloat16
  np.testing.assert_array_equal(
    y, exact.apply(params, x.astype(jnp.float32)).astype(jnp.bfloat16)
  )
  loss = lambda params: ours.apply(params, x).astype(jnp.float32).sum()
  (gradient,) = jax.tree.leaves(jax.grad(loss)(params))
  assert gradient.dtype == jnp.float32


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


def test_initialisation_is_torchs_default():
  dense = layers.Dense(500).init(KEY, jnp.zeros((1, 400)))['params']
  conv = layers.Conv(64, 5).init(KEY, jnp.zeros((1, 8, 8, 16)))['params']
  for params in (dense, conv):
    for leaf in jax.tree.leaves(params):
      bound = 1 / 20
      assert 0.9 * bound < jnp.abs(leaf).max() <= bound
      assert jnp.abs(leaf.mean()) < 0.15 * bound
