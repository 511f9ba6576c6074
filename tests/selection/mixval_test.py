"""MixVal against loops, and the pairs that it mixes."""

import math

import numpy as np
import pytest

from da_jax import selection
from da_jax.selection.mixval import draw_pairs

CLASSES = 4


def _mixed(evidence, x, classify, pairs):
  """Evidence of a classifier of inputs."""
  mixtures = [0.55 * x[i] + 0.45 * x[j] for i, j in pairs]
  return evidence._replace(
    features_t=x,
    logits_t=classify(x),
    pairs=np.array(pairs),
    logits_mixed=classify(np.array(mixtures)),
  )


def test_mixval_equals_the_loops(evidence):
  rng = np.random.default_rng(0)
  inner, outer = rng.normal(size=(6, 8)), rng.normal(size=(8, CLASSES))
  classify = lambda x: np.tanh(3 * x @ inner) @ outer
  x = rng.normal(size=(30, 6))
  predicted = [int(np.argmax(row)) for row in classify(x)]
  pairs = rng.integers(0, 30, size=(200, 2)).tolist()
  hits = {'intra': [], 'inter': []}
  for i, j in pairs:
    if i == j:
      continue
    labels = np.zeros(CLASSES)  # as the authors mix them
    labels[predicted[i]] += 0.55
    labels[predicted[j]] += 0.45
    said = classify((0.55 * x[i] + 0.45 * x[j])[None])[0]
    kind = 'intra' if predicted[i] == predicted[j] else 'inter'
    hits[kind].append(np.argmax(said) == np.argmax(labels))
  found = _mixed(evidence, x, classify, pairs)
  intra, inter = np.mean(hits['intra']), np.mean(hits['inter'])
  assert 0 < inter < intra < 1
  assert selection.mixval_intra(found) == pytest.approx(intra)
  assert selection.mixval_inter(found) == pytest.approx(inter)
  assert selection.mixval(found) == pytest.approx((intra + inter) / 2)


def test_a_boundary_in_the_middle_of_clusters_is_best(evidence):
  rng = np.random.default_rng(1)
  x = np.repeat([[-5.0], [5.0]], 100, axis=0) + rng.normal(size=(200, 1)) / 5

  def score(threshold):
    classify = lambda x: np.c_[threshold - x, x - threshold]
    return selection.mixval(
      _mixed(evidence, x, classify, draw_pairs(classify(x)))
    )

  # A mixture of both clusters lies at -.5 or .5, of their larger part.
  assert score(0.0) == 1.0
  assert score(3.0) == pytest.approx(0.75, abs=0.05)  # one half of inter


def test_without_both_kinds_there_is_no_score(evidence):
  assert math.isnan(selection.mixval(evidence._replace(pairs=None)))
  predicted = np.argmax(evidence.logits_t, axis=1)
  same = predicted[evidence.pairs[:, 0]] == predicted[evidence.pairs[:, 1]]
  intra = evidence._replace(
    pairs=evidence.pairs[same], logits_mixed=evidence.logits_mixed[same]
  )
  assert math.isnan(selection.mixval(intra))
  assert selection.mixval_intra(intra) == selection.mixval_intra(evidence)


@pytest.mark.parametrize('count', [60, 61, 5000])
def test_half_of_the_pairs_are_of_one_class(count):
  logits = np.random.default_rng(2).normal(size=(count, CLASSES))
  pairs, predicted = draw_pairs(logits), np.argmax(logits, axis=1)
  size = min(count, 2000)
  assert pairs.shape == (size, 2)
  first, second = predicted[pairs.T]
  same, alone = first == second, pairs[:, 0] == pairs[:, 1]
  assert alone.sum() == size % 2
  assert (same & ~alone).sum() == (~same).sum() == size // 2
  for kind in (same & ~alone, ~same):  # none comes twice
    assert len(set(pairs[kind][:, 0].tolist())) == size // 2
  assert len(set(pairs[~same][:, 1].tolist())) > 0.5 * (size // 2)
  np.testing.assert_array_equal(pairs, draw_pairs(logits))
  assert abs(pairs.mean() / count - 0.5) < 0.1  # from everywhere


def test_the_partner_is_the_next_of_the_class_or_of_another_by_loops():
  predicted = np.random.default_rng(3).choice(3, 40, p=[0.6, 0.3, 0.1])
  pairs = draw_pairs(np.eye(3)[predicted]).tolist()
  order = np.random.default_rng(0).permutation(40).tolist()
  assert [i for i, _ in pairs] == order[:20] * 2
  for place, (i, j) in enumerate(pairs):
    at = order.index(i)
    following = order[at + 1 :] + order[:at]
    same = place < 20
    assert j == next(
      r for r in following if (predicted[r] == predicted[i]) == same
    )


def test_one_class_and_single_examples_leave_the_number_of_pairs():
  alike = draw_pairs(np.tile([1.0, 0.0], (10, 1)))
  assert alike.shape == (10, 2)
  assert (alike[:, 0] != alike[:, 1]).sum() == 5
  single = draw_pairs(np.eye(4))
  assert single.shape == (4, 2)
  assert (single[:, 0] != single[:, 1]).sum() == 2
