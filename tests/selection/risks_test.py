"""Weighted risks: density ratios, IWCV, DEV."""

import numpy as np
import pytest
from scipy import stats
import torch

from da_jax import selection
from da_jax.selection.density_ratio import density_ratio
from da_jax.selection.dev import controlled_risk
from da_jax.selection.iwcv import weights_and_losses


@pytest.fixture
def exact(evidence):
  """In float64, as validators see it."""
  return evidence._replace(
    logits_s=evidence.logits_s.astype(np.float64),
    features_s=evidence.features_s.astype(np.float64),
    features_t=evidence.features_t.astype(np.float64),
  )


def _normal(n, mean, seed):
  return np.random.default_rng(seed).normal(size=(n, 2)) + mean


@pytest.mark.parametrize('with_training', [False, True])
@pytest.mark.parametrize('sizes', [(4000, 4000), (4000, 1000), (1000, 4000)])
def test_the_ratio_of_two_normals_is_found(with_training, sizes):
  n, m = sizes
  z_s, z_t = _normal(n, 0.0, 0), _normal(m, 0.5, 1)
  z_train = _normal(3000, 0.0, 2) if with_training else None
  found = density_ratio(z_s, z_t, z_train)
  # Of densities, not of odds: the sizes of the domains cancel.
  log_ratio = stats.norm.logpdf(z_s, 0.5).sum(axis=1) - stats.norm.logpdf(
    z_s
  ).sum(axis=1)
  assert found.shape == (n,)
  assert np.abs(np.log(found) - log_ratio).mean() < 0.12
  assert found.mean() == pytest.approx(1.0, abs=0.1)


def test_without_shift_weights_are_about_one_even_in_many_dimensions():
  rng = np.random.default_rng(0)
  z_s, z_t = rng.normal(size=(2, 100, 80))
  found = density_ratio(z_s, z_t)
  # 80 directions separate 100 seen examples, and none that are held out.
  np.testing.assert_allclose(found, 1.0, atol=0.1)


def test_losses_are_those_of_torch(exact):
  expected = torch.nn.functional.cross_entropy(
    torch.tensor(exact.logits_s),
    torch.tensor(exact.y_s),
    reduction='none',
  )
  _, loss = weights_and_losses(exact)
  np.testing.assert_allclose(loss, expected, rtol=1e-12)


def test_of_many_examples_the_same_some_are_weighed(exact):
  times = lambda rows: np.tile(rows, (90, 1))
  many = exact._replace(
    features_s=times(exact.features_s),
    logits_s=times(exact.logits_s),
    y_s=np.tile(exact.y_s, 90),
    features_t=times(exact.features_t),
    features_train=times(exact.features_s),
  )
  w, loss = weights_and_losses(many)
  assert len(w) == len(loss) == 2000
  _, all_losses = weights_and_losses(exact)
  assert loss.mean() == pytest.approx(all_losses.mean(), rel=0.1)
  assert set(loss.tolist()) <= set(all_losses.tolist())


def test_iwcv_is_minus_the_weighted_mean(exact):
  w, loss = weights_and_losses(exact)
  assert w.std() > 0.05  # the domains differ
  expected = -sum(a * b for a, b in zip(w, loss, strict=True)) / len(w)
  assert selection.iwcv(exact) == pytest.approx(expected)


def test_dev_is_the_formula(exact):
  w, loss = weights_and_losses(exact)
  n = len(w)
  mean_wl, mean_w = sum(w * loss) / n, sum(w) / n
  covariance = sum((w * loss - mean_wl) * (w - mean_w)) / (n - 1)
  variance = sum((w - mean_w) ** 2) / (n - 1)
  eta = -covariance / variance
  expected = -(mean_wl + eta * mean_w - eta)
  assert selection.dev(exact) == pytest.approx(expected)


def test_the_control_variate_keeps_the_mean_and_takes_variance():
  rng = np.random.default_rng(0)
  # E w = 1, and the loss is independent: E w l = E l = 0.5.
  w = rng.exponential(size=(400, 200))
  loss = rng.uniform(size=(400, 200))
  plain = (w * loss).mean(axis=1)
  controlled = [controlled_risk(*one) for one in zip(w, loss, strict=True)]
  assert np.mean(controlled) == pytest.approx(0.5, abs=0.01)
  assert np.std(controlled) < 0.7 * np.std(plain)


def test_equal_weights_leave_the_plain_risk():
  assert controlled_risk(np.ones(3), np.array([1.0, 2.0, 6.0])) == 3.0


def test_a_worse_classifier_has_a_lower_score(evidence):
  worse = evidence._replace(logits_s=-evidence.logits_s)
  for score in (selection.iwcv, selection.dev):
    assert score(worse) < score(evidence)
