"""Every pool against the plain one of linen or of torch."""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import models
from da_jax.errors import UserError
from da_jax.models import pooling

KEY = jax.random.key(0)


def value_and_grad(apply, x):
  """The value of `apply` and the gradient of a random projection of it."""
  value = apply(x)
  weights = jax.random.normal(jax.random.key(9), value.shape)
  return value, jax.grad(lambda x: (apply(x) * weights).sum())(x)


def close(actual, desired):
  for a, b in zip(actual, desired, strict=True):
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize('shape', [(2, 8, 6, 3), (2, 7, 9, 3)])
def test_max_pools_equal_linen(shape):
  x = jax.random.normal(KEY, shape)
  close(
    value_and_grad(pooling.max_pool_2x2, x),
    value_and_grad(lambda x: nn.max_pool(x, (2, 2), (2, 2)), x),
  )
  close(
    value_and_grad(pooling.max_pool_3x3_s2, x),
    value_and_grad(
      lambda x: nn.max_pool(x, (3, 3), (2, 2), [(1, 1), (1, 1)]), x
    ),
  )


@pytest.mark.parametrize('ceil', [False, True])
@pytest.mark.parametrize('shape', [(2, 8, 6, 3), (2, 7, 9, 3), (2, 3, 4, 1)])
def test_rounding_up_is_torchs(shape, ceil):
  torch = pytest.importorskip('torch')
  x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
  pool = torch.nn.MaxPool2d(3, 2, ceil_mode=ceil)
  theirs = pool(torch.tensor(x.transpose(0, 3, 1, 2))).numpy()
  ours = pooling.max_pool_3x3_s2(jnp.asarray(x), (0, int(ceil)))
  np.testing.assert_array_equal(ours, theirs.transpose(0, 2, 3, 1))


@pytest.mark.parametrize('h,w', [(7, 7), (14, 10), (9, 5), (1, 2), (3, 13)])
@pytest.mark.parametrize('size', [6, 7])
def test_adaptive_average_equals_torchs(h, w, size):
  torch = pytest.importorskip('torch')
  x = np.random.default_rng(0).normal(size=(2, h, w, 3)).astype(np.float32)
  pool = torch.nn.AdaptiveAvgPool2d(size)
  theirs = pool(torch.tensor(x.transpose(0, 3, 1, 2))).numpy()
  ours = pooling.adaptive_average_pool(jnp.asarray(x), size)
  np.testing.assert_allclose(ours, theirs.transpose(0, 2, 3, 1), atol=1e-6)


@pytest.mark.parametrize('name', ['alexnet', 'vgg16', 'squeezenet1_1'])
def test_images_too_small(name):
  x = jnp.zeros((1, 14, 14, 3))
  backbone = models.BACKBONES[name]()
  with pytest.raises(UserError, match=r'map of \dx\d is too small'):
    jax.eval_shape(lambda: backbone.init(KEY, x, False))
