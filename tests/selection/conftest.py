import numpy as np
import pytest

from da_jax.selection import Evidence
from da_jax.selection.mixval import draw_pairs

CLASSES, WIDTH = 4, 6


@pytest.fixture
def evidence():
  """Two domains of four noisy classes, the target moved; k = 4, d = 6."""
  rng = np.random.default_rng(0)
  means = 2 * rng.normal(size=(CLASSES, WIDTH))

  def domain(n, shift):
    y = rng.integers(0, CLASSES, n)
    z = means[y] + rng.normal(size=(n, WIDTH)) + shift
    logits = z @ means.T - (means**2).sum(axis=1) / 2
    return z.astype(np.float32), (logits / 3).astype(np.float32), y

  z_s, logits_s, y_s = domain(60, 0.0)
  z_t, logits_t, _ = domain(50, 0.7)
  pairs = draw_pairs(logits_t)
  first, second = logits_t[pairs.T]
  # Logits are linear in the features, which stand for the inputs.
  mixed = 0.55 * first + 0.45 * second
  return Evidence(
    *(z_s, logits_s, y_s, z_t, logits_t), pairs=pairs, logits_mixed=mixed
  )


@pytest.fixture
def softmax():
  """Probabilities by loops over plain floats."""

  def rows(logits):
    powers = [[np.exp(float(g)) for g in row] for row in logits]
    return np.array([[e / sum(row) for e in row] for row in powers])

  return rows
