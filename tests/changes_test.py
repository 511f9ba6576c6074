"""Which examples changed, against a loop over them."""

import math

import numpy as np
import pytest

from da_jax import changes


def _models(n=40, k=3, seed=0):
  rng = np.random.default_rng(seed)
  y = rng.integers(k, size=n).astype(np.int32)
  return y, rng.normal(size=(n, k)) * 3, rng.normal(size=(n, k)) * 3


def _truth(logits, label):
  powers = [math.exp(value) for value in logits]
  return powers[label] / sum(powers)


def test_sorts_examples_as_a_loop_does():
  y, before, after = _models()
  found = changes.compare(
    changes.outcomes(before, y), changes.outcomes(after, y)
  )
  kinds = {(a, b): [] for a in (False, True) for b in (False, True)}
  for row, label in enumerate(y):
    right = tuple(int(np.argmax(z[row])) == label for z in (before, after))
    gain = _truth(after[row], label) - _truth(before[row], label)
    kinds[right].append((gain, row))
  assert all(len(rows) > 2 for rows in kinds.values())
  improved = [row for _, row in sorted(kinds[False, True], reverse=True)]
  hurt = [row for _, row in sorted(kinds[True, False])]
  assert found.repaired.tolist() == improved
  assert found.broken.tolist() == hurt
  assert found.both_right == len(kinds[True, True])
  assert found.both_wrong == len(kinds[False, False])


def test_an_example_is_told_as_it_is():
  y, logits, _ = _models(n=5)
  found = changes.example(changes.outcomes(logits, y), 3)
  assert found.label == y[3] and found.guess == np.argmax(logits[3])
  assert found.truth == pytest.approx(_truth(logits[3], y[3]), rel=1e-5)


def test_images_of_the_greatest_changes_are_kept(tmp_path):
  y, before, after = _models(n=400)
  told = [changes.outcomes(logits, y) for logits in (before, after)]
  np.savez(tmp_path / 'before.npz', confusion=np.eye(3), **told[0])
  x = np.arange(400).reshape(-1, 1, 1, 1)
  found = changes.compare(changes.read(tmp_path / 'before.npz'), told[1])
  kept = changes.kept(changes.pictures(found, x))
  most = {*found.repaired[: changes.LIMIT], *found.broken[: changes.LIMIT]}
  assert set(kept) == most and len(most) == 2 * changes.LIMIT
  assert all(image.item() == row for row, image in kept.items())
  rows = x[:, :, 0, 0]
  assert changes.pictures(found, rows) == {}


@pytest.mark.parametrize('content', [None, b'', b'half of'])
def test_nothing_is_read_where_the_other_run_is_not(tmp_path, content):
  path = tmp_path / 'before.npz'
  if content is not None:
    path.write_bytes(content)
  assert changes.read(path) == {}


def _changes(repaired, broken):
  rows = np.arange(repaired), np.arange(broken)
  return changes.Changes(*rows, both_right=7, both_wrong=2)


@pytest.mark.parametrize(
  ('repaired', 'broken', 'verdict'),
  [
    (40, 12, 'helps'),
    (12, 40, 'negative transfer'),
    (20, 22, 'no evidence'),
    (5, 0, 'no evidence'),  # p = 2 / 2^5 = .0625
    (0, 6, 'negative transfer'),  # p = 2 / 2^6 = .03125
    (0, 0, 'no evidence'),
  ],
)
def test_verdict_is_by_the_sum_of_binomials(repaired, broken, verdict):
  told = changes.told(_changes(repaired, broken))
  n, least = repaired + broken, min(repaired, broken)
  tail = sum(math.comb(n, i) for i in range(least + 1)) / 2**n
  assert told['mcnemar_p'] == pytest.approx(min(1.0, 2 * tail))
  assert told['verdict'] == verdict
  counts = [told[name] for name in ('repaired', 'broken')]
  assert counts == [repaired, broken]
  assert (told['both_right'], told['both_wrong']) == (7, 2)


def test_other_test_sets_are_not_compared():
  y, before, after = _models()
  told = changes.outcomes(before, y)
  assert changes.compare(told, changes.outcomes(after, (y + 1) % 3)) is None
  shorter = changes.outcomes(after[:9], y[:9])
  assert changes.compare(told, shorter) is None
  assert changes.compare({}, told) is None
