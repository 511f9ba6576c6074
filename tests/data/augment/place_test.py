import jax
import numpy as np

from da_jax.data import augment

N = 1500


def _image():
  x = np.arange(1, 1 + 5 * 7 * 2, dtype=np.float32)
  return x.reshape(5, 7, 2)


def _many(function):
  keys = jax.random.split(jax.random.key(0), N)
  return np.asarray(jax.jit(jax.vmap(function, (0, None)))(keys, _image()))


def test_shift_is_every_crop_of_the_padded_image_evenly():
  padded = np.pad(_image(), ((2, 2), (2, 2), (0, 0)))
  crops = [padded[i : i + 5, j : j + 7] for i in range(5) for j in range(5)]
  same = (_many(augment.shift(pixels=2))[:, None] == crops).all((2, 3, 4))
  assert (same.sum(1) == 1).all()
  # 60 of each, give or take 8.
  assert 25 < same.sum(0).min() <= same.sum(0).max() < 100


def test_shift_by_0_is_the_identity():
  x = _image()
  result = augment.shift(pixels=0)(jax.random.key(0), x)
  np.testing.assert_array_equal(result, x)


def test_mirror_holds_its_probability():
  x, results = _image(), _many(augment.mirror(probability=0.3))
  same = (results == x).all((1, 2, 3))
  mirrored = (results == x[:, ::-1]).all((1, 2, 3))
  assert (same ^ mirrored).all()
  assert 0.25 < mirrored.mean() < 0.35
