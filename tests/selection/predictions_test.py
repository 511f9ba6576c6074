"""Validators that look at predictions only, against loops and closed forms."""

import math

import numpy as np
import pytest
from scipy import stats
import torch

from da_jax import selection

CERTAIN = 200.0


def _one_hot(evidence, classes, k=4):
  """The evidence with certain predictions of these classes."""
  return evidence._replace(logits_t=CERTAIN * np.eye(k)[classes])


def test_source_accuracy_counts(evidence):
  hits = [
    int(max(range(4), key=lambda k: row[k]) == y)
    for row, y in zip(evidence.logits_s, evidence.y_s, strict=True)
  ]
  assert 0 < sum(hits) < len(hits)
  assert selection.source_accuracy(evidence) == sum(hits) / len(hits)


def test_entropy_and_diversity_are_those_of_scipy(evidence, softmax):
  p = softmax(evidence.logits_t)
  entropy = np.mean([stats.entropy(row) for row in p])
  diversity = stats.entropy(p.mean(axis=0))
  assert selection.entropy(evidence) == pytest.approx(-entropy)
  assert selection.diversity(evidence) == pytest.approx(diversity)
  assert selection.infomax(evidence) == pytest.approx(diversity - entropy)


def test_certain_and_balanced_predictions_have_the_highest_information(
  evidence,
):
  best = _one_hot(evidence, np.arange(48) % 4)
  assert selection.entropy(best) == pytest.approx(0.0, abs=1e-12)
  assert selection.infomax(best) == pytest.approx(math.log(4))


def test_snd_equals_the_double_loop(evidence, softmax):
  p = softmax(evidence.logits_t)
  entropies = []
  for i, a in enumerate(p):
    cosines = [
      a @ b / math.sqrt((a @ a) * (b @ b)) for j, b in enumerate(p) if j != i
    ]
    powers = [math.exp(c / 0.05) for c in cosines]
    q = [power / sum(powers) for power in powers]
    entropies.append(-sum(x * math.log(x) for x in q))
  assert selection.snd(evidence) == pytest.approx(np.mean(entropies))


def test_snd_of_separate_groups_counts_the_neighbours(evidence):
  found = selection.snd(_one_hot(evidence, np.arange(48) % 4))
  # 11 at similarity 1 share all but 36 exp(-20) of the weight.
  assert found == pytest.approx(math.log(11), abs=1e-6)


def test_snd_of_many_is_that_of_some(evidence):
  many = _one_hot(evidence, np.arange(6000) % 4)
  assert selection.snd(many) == pytest.approx(math.log(500), abs=0.05)


def test_bnm_is_the_norm_of_torch(evidence):
  p = torch.softmax(torch.tensor(evidence.logits_t, dtype=torch.float64), 1)
  expected = torch.linalg.matrix_norm(p, 'nuc') / len(p)
  assert selection.bnm(evidence) == pytest.approx(float(expected))


def test_bnm_of_certain_and_balanced_predictions_is_the_bound(evidence):
  found = selection.bnm(_one_hot(evidence, np.arange(48) % 4))
  assert found == pytest.approx(math.sqrt(4 / 48))


def test_corr_c_equals_the_loops(evidence, softmax):
  p = softmax(evidence.logits_t)
  c = [[sum(row[a] * row[b] for row in p) for b in range(4)] for a in range(4)]
  inner = sum(c[a][a] for a in range(4))
  norm = math.sqrt(sum(value**2 for row in c for value in row))
  assert selection.corr_c(evidence) == pytest.approx(inner / norm / 2)


@pytest.mark.parametrize(
  ('counts', 'expected'),
  # tr / (norm sqrt k) of the diagonal matrix of the counts.
  [((9, 9, 9, 9), 1.0), ((36, 0, 0, 0), 0.5), ((18, 18, 0, 0), 0.5**0.5)],
)
def test_corr_c_of_certain_predictions_is_that_of_the_counts(
  counts, expected, evidence
):
  found = selection.corr_c(_one_hot(evidence, np.repeat(range(4), counts)))
  assert found == pytest.approx(expected)
