"""The data contract: a labelled source domain and a target domain."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np


class Examples(NamedTuple):
  """Examples of one domain in a fixed order.

  `x` has a length and answers `x[indices]` (int64 [b]) with a fresh NumPy array
  [b, ...]: an array in memory (uint8 images [n, h, w, c], float32 rows [n, d])
  or `images.ImageFiles`, which decodes on demand (and has `subset`).
  """

  x: Any
  y: np.ndarray  # int32 [n]


def subset(examples: Examples, indices: np.ndarray) -> Examples:
  """Some of the examples, in the order of the indices; decodes nothing."""
  x = examples.x
  chosen = x[indices] if isinstance(x, np.ndarray) else x.subset(indices)
  return Examples(chosen, examples.y[indices])


class DomainPair(NamedTuple):
  """One adaptation problem, all of it that training and evaluation may see.

  `target_train.y` reaches a batch only in supervised settings (fine-tuning);
  `target_test.y` is read by the evaluator alone.
  """

  dataset: str
  source: str  # name of the domain
  target: str
  class_names: tuple[str, ...]
  source_train: Examples
  source_val: Examples  # held out from the source, for selection
  target_train: Examples
  target_test: Examples
  augment: Callable[[jax.Array, jax.Array], jax.Array]  # (key, x) -> float32
  prepare: Callable[[jax.Array], jax.Array]  # x -> float32, for evaluation
  protocol: str  # which target examples train and test use, in a few words
  backbone: str  # what the field trains on such data, key of models.BACKBONES
