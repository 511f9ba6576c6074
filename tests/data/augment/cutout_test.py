import jax
import numpy as np
import pytest

from da_jax.data import augment

N, HEIGHT, WIDTH = 3000, 8, 10


def _masks(share):
  x = np.zeros((HEIGHT, WIDTH, 3), np.float32)
  keys = jax.random.split(jax.random.key(0), N)
  cut = jax.jit(jax.vmap(augment.cutout(share=share), (0, None)))(keys, x)
  assert np.isin(cut, [0, 127.5]).all()
  return np.asarray(cut)[..., 0] == 127.5


def _expected(y, x, side):
  """The square of the authors' code, cut off at the border."""
  mask = np.zeros((HEIGHT, WIDTH), bool)
  top, left = max(0, y - side // 2), max(0, x - side // 2)
  mask[top : y + side // 2, left : x + side // 2] = True
  return mask


def test_is_a_square_around_any_pixel_evenly():
  squares = [_expected(y, x, 4) for y in range(HEIGHT) for x in range(WIDTH)]
  masks = _masks(0.5).reshape(N, 1, -1)
  same = (masks == np.reshape(squares, (1, len(squares), -1))).all(-1)
  assert same.any(1).all()
  counts = same.sum(0)
  # Different centres make different squares: 37.5 of each, give or take 6.
  assert counts.sum() == N
  assert 10 < counts.min() <= counts.max() < 75


def test_leaves_the_rest():
  x = np.random.default_rng(0).uniform(0, 255, (HEIGHT, WIDTH, 1))
  x = x.astype(np.float32)
  cut = np.asarray(augment.cutout(share=0.5)(jax.random.key(1), x))
  assert 0 < (cut == 127.5).sum() <= 16
  np.testing.assert_array_equal(cut[cut != 127.5], x[cut != 127.5])


@pytest.mark.parametrize(('share', 'most'), [(0.0, 0), (0.125, 1), (0.4, 9)])
def test_the_share_is_of_the_shorter_side(share, most):
  sizes = _masks(share).sum((1, 2))
  assert sizes.max() == most
