"""Measures of transferability, against loops, inverses and an optimizer."""

import math

import numpy as np
import pytest
from scipy import optimize, special

from da_jax.transferability import h_score, leep, logme, nce

RNG = np.random.default_rng(0)
LABELS = np.array([0, 2, 1, 2, 0, 0, 1, 2, 2, 0, 1, 0])
P = special.softmax(RNG.normal(size=(12, 5)), axis=1)
GUESSES = np.argmax(P, axis=1)


def test_leep_equals_the_loops():
  n, total = len(LABELS), 0.0
  for i in range(n):
    likelihood = 0.0
    for z in range(5):
      joint = sum(P[j, z] for j in range(n) if LABELS[j] == LABELS[i]) / n
      likelihood += joint / (sum(P[:, z]) / n) * P[i, z]
    total += math.log(likelihood)
  assert leep(P, LABELS) == pytest.approx(total / n)


def test_leep_of_certain_predictions_is_nce():
  assert leep(np.eye(5)[GUESSES], LABELS) == pytest.approx(nce(GUESSES, LABELS))


def test_nce_equals_the_loops():
  total = 0.0
  for z in set(GUESSES.tolist()):
    for y in set(LABELS.tolist()):
      both = np.mean((z == GUESSES) & (y == LABELS))
      if both:
        total += both * math.log(both / np.mean(z == GUESSES))
  assert nce(GUESSES, LABELS) == pytest.approx(total)


def test_nce_of_a_function_is_zero_and_of_a_constant_minus_the_entropy():
  assert nce(7 * LABELS, LABELS) == pytest.approx(0.0, abs=1e-12)
  shares = np.bincount(LABELS) / len(LABELS)
  entropy = -sum(q * math.log(q) for q in shares)
  assert nce(np.zeros_like(LABELS), LABELS) == pytest.approx(-entropy)


def test_h_score_inverts_the_covariance():
  f = RNG.normal(size=(12, 4))
  means = np.array([f[y == LABELS].mean(axis=0) for y in LABELS])
  expected = np.trace(
    np.linalg.inv(np.cov(f, rowvar=False)) @ np.cov(means, rowvar=False)
  )
  assert h_score(f, LABELS) == pytest.approx(expected)
  # A column that repeats others adds nothing.
  assert h_score(np.c_[f, f @ [1, 2, 0, 1]], LABELS) == pytest.approx(expected)


def test_h_score_of_the_labels_themselves_is_their_rank():
  assert h_score(np.eye(3)[LABELS], LABELS) == pytest.approx(2.0)
  assert h_score(np.ones((12, 3)), LABELS) == 0.0


def _log_evidence(alpha, beta, f, t, epsilon=0.0):
  """log p(t | F, alpha, beta) / n with matrices written out."""
  n, d = f.shape
  a = alpha * np.eye(d) + beta * f.T @ f
  m = beta * np.linalg.solve(a, f.T @ t)
  rest = beta * (np.sum((f @ m - t) ** 2) + epsilon)
  rest += alpha * (m @ m + epsilon)
  constants = d * np.log(alpha) + n * np.log(beta / (2 * np.pi))
  return (constants - np.linalg.slogdet(a)[1] - rest) / (2 * n)


def _by_steps(f, t):
  """The authors' iteration with matrices written out."""
  n, d = f.shape
  alpha = beta = ratio = 1.0
  for _ in range(11):
    gamma = np.trace(np.linalg.solve(ratio * np.eye(d) + f.T @ f, f.T @ f))
    m = np.linalg.solve(ratio * np.eye(d) + f.T @ f, f.T @ t)
    weight, error = m @ m + 1e-5, np.sum((f @ m - t) ** 2) + 1e-5
    alpha, beta = gamma / weight, (n - gamma) / error
    last, ratio = ratio, alpha / beta
    if abs(ratio - last) / last < 0.01:
      break
  a = alpha * np.eye(d) + beta * f.T @ f
  constants = d * np.log(alpha) + n * np.log(beta / (2 * np.pi))
  fit = beta * error + alpha * weight
  return (constants - np.linalg.slogdet(a)[1] - fit) / (2 * n)


@pytest.mark.parametrize('shape', [(60, 5), (40, 40), (30, 80)])
def test_logme_takes_the_authors_steps(shape):
  rng = np.random.default_rng(1)
  f, y = rng.normal(size=shape), rng.integers(0, 3, shape[0])
  f[:, 0] += y
  expected = np.mean([_by_steps(f, (y == k) * 1.0) for k in range(3)])
  assert logme(f, y) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(('shape', 'near'), [((60, 5), 2e-3), ((30, 80), 0.02)])
def test_logme_is_the_highest_evidence(shape, near):
  rng = np.random.default_rng(2)
  f, y = rng.normal(size=shape), rng.integers(0, 3, shape[0])
  f[:, 0] += 2 * y
  highest = []
  for k in range(3):
    t = (y == k) * 1.0
    found = optimize.minimize(
      lambda x, t=t: -_log_evidence(*np.exp(x), f, t), [0.0, 0.0]
    )
    highest.append(-found.fun)
  # The steps end early, the more so where n < d; the constant makes up 1e-5.
  assert logme(f, y) == pytest.approx(np.mean(highest), abs=near)


def test_logme_of_a_perfect_fit_is_finite_and_high():
  rng = np.random.default_rng(3)
  y = rng.integers(0, 3, 60)
  perfect = logme(np.eye(3)[y], y)
  assert math.isfinite(perfect)
  assert perfect > logme(rng.normal(size=(60, 3)), y) + 1


def test_classes_without_examples_do_not_count():
  f = RNG.normal(size=(12, 4))
  for score, x in ((h_score, f), (logme, f), (leep, P), (nce, GUESSES)):
    assert score(x, 3 * LABELS) == pytest.approx(score(x, LABELS))
