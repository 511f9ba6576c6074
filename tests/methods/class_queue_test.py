"""Keys of each class, first in, first out."""

import jax
import numpy as np
import pytest

from da_jax.methods import class_queue


@pytest.mark.parametrize('n', [1, 7, 30])
def test_queue_equals_single_insertions(n):
  rng = np.random.default_rng(n)
  queue = class_queue.noise(
    jax.random.key(0), class_queue.empty(3, 4, {'h': 2, 'z': 5})
  )
  norms = np.linalg.norm(queue['h'], axis=-1)
  np.testing.assert_allclose(norms, 1, rtol=1e-5)
  expected = {name: np.array(rows) for name, rows in queue.items()}
  enqueue = jax.jit(class_queue.enqueue)
  for _ in range(3):
    y = rng.integers(3, size=n).astype(np.int32)
    keys = {'h': rng.normal(size=(n, 2)), 'z': rng.normal(size=(n, 5))}
    keys = jax.tree.map(lambda k: k.astype(np.float32), keys)
    queue = enqueue(queue, keys, y)
    for i, c in enumerate(y):
      for name, rows in keys.items():
        expected[name][c, expected['next'][c]] = rows[i]
      expected['next'][c] = (expected['next'][c] + 1) % 4
  jax.tree.map(np.testing.assert_array_equal, dict(queue), expected)
