"""Accuracy on held-out source examples, what most published code calls val."""

import numpy as np

from da_jax.selection.evidence import Evidence, validator


@validator
def source_accuracy(evidence: Evidence) -> float:
  """Share of source validation that is classified as labelled, in [0, 1].

  It does not look at the target: a lower bound of what selection can do.
  """
  return np.mean(np.argmax(evidence.logits_s, axis=1) == evidence.y_s)
