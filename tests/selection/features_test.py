"""Validators that look at features, against loops and closed forms."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial import distance

from da_jax import losses, selection


def _groups(evidence, predicted, centres, spread=0.1):
  """Target features around the centre of each of `centres`."""
  rng = np.random.default_rng(3)
  means = 10 * np.eye(6)[centres]
  return evidence._replace(
    features_t=means + spread * rng.normal(size=means.shape),
    logits_t=np.eye(4)[predicted],
  )


def test_reverse_is_the_label_of_the_nearest_by_loops(evidence):
  hits = 0
  for z, y in zip(evidence.features_s, evidence.y_s, strict=True):
    nearest = min(
      range(len(evidence.features_t)),
      key=lambda j, z=z: float(np.sum((z - evidence.features_t[j]) ** 2)),
    )
    hits += int(np.argmax(evidence.logits_t[nearest]) == y)
  assert 0 < hits < 60
  assert selection.reverse(evidence) == hits / 60


def test_reverse_of_permuted_classes_is_nothing(evidence):
  z = np.repeat(10 * np.eye(4, 6), 10, axis=0)
  y = np.repeat(range(4), 10)
  right = evidence._replace(
    features_s=z, logits_s=np.eye(4)[y], y_s=y, features_t=z + 0.1
  )
  assert selection.reverse(right._replace(logits_t=np.eye(4)[y])) == 1.0
  wrong = right._replace(logits_t=np.eye(4)[(y + 1) % 4])
  assert selection.reverse(wrong) == 0.0


def test_class_ami_is_one_where_classes_are_clusters(evidence):
  y = np.arange(80) % 4
  assert selection.class_ami(_groups(evidence, y, y)) == pytest.approx(1.0)
  # Which cluster has which name does not matter.
  permuted = _groups(evidence, (3 - y), y)
  assert selection.class_ami(permuted) == pytest.approx(1.0)


def test_class_ami_is_zero_where_classes_and_clusters_are_independent(evidence):
  y = np.arange(160) % 4
  found = selection.class_ami(_groups(evidence, np.arange(160) // 40, y))
  assert found == pytest.approx(0.0, abs=0.03)


def test_class_ami_is_the_formula_with_the_mean_over_permutations(evidence):
  rng = np.random.default_rng(4)
  clusters = np.arange(36) % 4
  classes = np.where(rng.random(36) < 0.7, clusters, rng.integers(0, 3, 36))
  n = len(classes)

  def information(u, v):
    both = [[np.sum((u == a) & (v == b)) for b in range(4)] for a in range(4)]
    return sum(
      c / n * math.log(n * c / (np.sum(u == a) * np.sum(v == b)))
      for a, row in enumerate(both)
      for b, c in enumerate(row)
      if c
    )

  # Vinh et al., JMLR 11, 2010: chance is the mean over all permutations.
  chance = np.mean(
    [information(classes, rng.permutation(clusters)) for _ in range(3000)]
  )
  entropies = information(classes, classes) + information(clusters, clusters)
  expected = (information(classes, clusters) - chance) / (
    entropies / 2 - chance
  )
  found = selection.class_ami(_groups(evidence, classes, clusters))
  assert 0.2 < expected < 0.8
  assert found == pytest.approx(expected, abs=0.01)


def test_silhouette_equals_the_loops(evidence):
  z, y = evidence.features_t, np.argmax(evidence.logits_t, axis=1)
  d = distance.cdist(z.astype(np.float64), z.astype(np.float64))
  values = []
  for i in range(len(z)):
    own = [d[i, j] for j in range(len(z)) if y[j] == y[i] and j != i]
    others = [d[i, y == k].mean() for k in set(y.tolist()) - {int(y[i])}]
    a, b = np.mean(own), min(others)
    values.append((b - a) / max(a, b))
  assert selection.silhouette(evidence) == pytest.approx(np.mean(values))


def test_rankme_of_equal_singular_values_counts_them(evidence):
  orthogonal, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(50, 6)))
  three = evidence._replace(features_t=7 * orthogonal[:, :3])
  assert selection.rankme(three) == pytest.approx(3.0)


def test_rankme_is_the_papers_formula(evidence):
  z = evidence.features_t.astype(np.float64)
  sigma = np.sqrt(np.maximum(np.linalg.eigvalsh(z.T @ z), 0.0))
  p = sigma / sum(sigma) + 1e-7
  expected = math.exp(-sum(q * math.log(q) for q in p))
  assert selection.rankme(evidence) == pytest.approx(expected, rel=1e-4)


def test_mmd_is_minus_the_loss(evidence):
  expected = losses.mmd(
    jnp.asarray(evidence.features_s),
    jnp.asarray(evidence.features_t),
    estimator='unbiased',
  )
  assert expected > 0.01
  assert selection.mmd(evidence) == pytest.approx(-float(expected), rel=1e-3)


def test_the_scale_of_the_features_does_not_matter_to_distances(evidence):
  scaled = evidence._replace(
    features_s=50 * evidence.features_s, features_t=50 * evidence.features_t
  )
  for score in (selection.mmd, selection.a_distance):
    assert score(scaled) == pytest.approx(score(evidence), abs=0.02)


def test_a_distance_is_that_of_the_best_linear_rule(evidence):
  rng = np.random.default_rng(0)
  z_s, z_t = rng.normal(size=(2, 1000, 4))
  z_t[:, 0] += 2.0  # the best rule errs on Phi(-1)
  near = evidence._replace(features_s=z_s, features_t=z_t)
  found = selection.a_distance(near)
  assert found == pytest.approx(-2 * (1 - 2 * 0.1587), abs=0.1)
  far = near._replace(features_t=z_t + 100.0)
  assert selection.a_distance(far) == -2.0


def test_domains_farther_apart_score_lower(evidence):
  far = evidence._replace(features_t=evidence.features_t + 3.0)
  for score in (selection.mmd, selection.a_distance):
    assert score(far) < score(evidence)
