"""What holds of every augmentation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax.data import augment

AUGMENTS = {
  'blur': augment.blur(probability=0.7),
  'cutout': augment.cutout(share=0.4),
  'grey': augment.grey(probability=0.5),
  'jitter': augment.jitter(strength=0.8),
  'mirror': augment.mirror(probability=0.5),
  'randaugment': augment.randaugment(count=2),
  'shift': augment.shift(pixels=2),
}
JITTED = {
  name: jax.jit(jax.vmap(function)) for name, function in AUGMENTS.items()
}
# Floats that a compiler is free to round in another order.
_CLOSE = {'rtol': 0, 'atol': 0.02}


def _images(n=32, channels=3):
  rng = np.random.default_rng(0)
  coarse = rng.uniform(0, 255, (n, 4, 3, channels))
  x = coarse.repeat(4, axis=1).repeat(4, axis=2)
  return jnp.float32(np.clip(x + rng.normal(0, 20, x.shape), 0, 255))


def _keys(n, seed=0):
  return jax.random.split(jax.random.key(seed), n)


@pytest.fixture(params=AUGMENTS)
def name(request):
  return request.param


@pytest.mark.parametrize('channels', [1, 3])
def test_keeps_shape_type_and_range(name, channels):
  x = _images(channels=channels)
  result = JITTED[name](_keys(len(x)), x)
  assert result.shape == x.shape
  assert result.dtype == jnp.float32
  assert jnp.isfinite(result).all()
  assert result.min() > -1e-3
  assert result.max() < 255 + 1e-3


def test_changes_colour_images(name):
  x = _images()
  changed = np.any(JITTED[name](_keys(len(x)), x) != x, axis=(1, 2, 3))
  assert changed.mean() > 0.2


def test_same_key_same_result_and_other_key_another(name):
  x, keys = _images(), _keys(32)
  one = JITTED[name](keys, x)
  np.testing.assert_array_equal(one, JITTED[name](keys, x))
  assert not np.allclose(one, JITTED[name](_keys(32, seed=1), x))


def test_an_example_alone_is_as_in_the_batch(name):
  x, keys = _images(), _keys(32)
  batch = JITTED[name](keys, x)
  alone = jax.jit(AUGMENTS[name])
  for i in (0, 3, 31):
    np.testing.assert_allclose(alone(keys[i], x[i]), batch[i], **_CLOSE)


def test_eager_is_jitted(name):
  x, keys = _images(4), _keys(4)
  eager = jax.vmap(AUGMENTS[name])(keys, x)
  np.testing.assert_allclose(eager, JITTED[name](keys, x), **_CLOSE)
