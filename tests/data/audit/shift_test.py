import jax.numpy as jnp
import numpy as np
from PIL import Image
import pytest

from da_jax import losses
from da_jax.data.audit import shift

RNG = np.random.default_rng(0)


def _rows(n, mean=0.0, seed=0):
  rows = np.random.default_rng(seed).normal(size=(n, 5)) + mean
  return rows.astype(np.float32)


def test_domains_that_cannot_be_told_apart_have_no_distance():
  assert shift.a_distance(_rows(400), _rows(400, seed=1)) < 0.25
  # Guessing the larger domain must not count as telling them apart.
  assert shift.a_distance(_rows(900), _rows(60, seed=1)) < 0.5


def test_domains_that_always_can_have_the_distance_two():
  assert shift.a_distance(_rows(80), _rows(50, mean=9.0)) == 2.0


def test_the_distance_follows_the_error_of_the_best_linear_rule():
  # Two unit Gaussians, means 2 apart: the best rule errs on Phi(-1).
  far = np.array([2, 0, 0, 0, 0], np.float32)
  found = shift.a_distance(_rows(1500), _rows(1500, seed=1) + far)
  assert found == pytest.approx(2 * (1 - 2 * 0.1587), abs=0.1)


def test_one_example_is_refused():
  with pytest.raises(ValueError, match='not 1 and 9'):
    shift.a_distance(_rows(1), _rows(9))


def test_mmd_is_that_of_the_losses_on_few_examples():
  a, b = _rows(30), _rows(20, mean=0.5)
  expected = losses.mmd(
    jnp.asarray(a), jnp.asarray(b), estimator='unbiased', bandwidth='median'
  )
  assert shift.mmd(a, b) == pytest.approx(float(expected), rel=1e-4)


def test_measure_stands_beside_what_no_shift_would_give():
  x_s, x_t = _rows(200), _rows(200, mean=4.0, seed=1)
  found = shift.measure(x_s, x_t)
  assert found.sizes == (200, 200)
  assert found.a_distance > 1.9 and found.a_distance_none < 0.5
  assert found.mmd > 0.5 and abs(found.mmd_none) < 0.05
  none = shift.measure(x_s, _rows(200, seed=1))
  assert none.a_distance < 0.5 and abs(none.mmd) < 0.05


def test_images_become_small_as_pillow_makes_them():
  image = RNG.integers(0, 256, (40, 24, 3)).astype(np.uint8)
  found, _ = shift.features(image[None], image[None])
  small = Image.fromarray(image).resize((16, 16), Image.Resampling.BILINEAR)
  np.testing.assert_allclose(
    found.reshape(16, 16, 3), np.asarray(small, np.float32), atol=1.01
  )


def test_series_become_moments_and_gaps_zero():
  x = RNG.normal(size=(3, 8, 2)).astype(np.float32)
  found, _ = shift.features(x, x)
  for row, series in zip(found, x, strict=True):
    expected = [*map(np.mean, series.T), *map(np.std, series.T)]
    np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-6)
  rows = np.array([[1, np.nan], [np.inf, 2]], np.float32)
  assert shift.features(rows, rows)[0].tolist() == [[1, 0], [0, 2]]


def test_token_ids_become_bags_over_the_ids_of_both():
  x_s = np.array([[5, 5, 1], [9, 1, 1]], np.int32)
  x_t = np.array([[7, 7, 7]], np.int32)
  bags_s, bags_t = shift.features(x_s, x_t)
  ids = [1, 5, 7, 9]
  for bags, x in ((bags_s, x_s), (bags_t, x_t)):
    for bag, row in zip(bags, x, strict=True):
      assert bag.tolist() == [row.tolist().count(id_) for id_ in ids]


def test_constant_features_do_no_harm():
  x = np.zeros((20, 6), np.float32)
  found = shift.measure(x, x + 1.0)
  assert found.a_distance == 2.0
  assert np.isfinite(found.mmd) and found.a_distance_none < 1.0


def test_total_variation_of_labels():
  y_s, y_t = np.array([0, 0, 1, 1]), np.array([0, 2])
  assert shift.total_variation(y_s, y_t, 3) == pytest.approx(0.5)
  assert shift.total_variation(y_s, y_s, 3) == 0
