"""Exact evaluation: every example counts once, whatever the batch size."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from da_jax import hosts, mixtures, parallel, types
from da_jax.data.pair import Examples

BATCH_SIZE = 128

PredictAllFn = Callable[[types.State, Any], types.Prediction]


def compile_predict(
  predict: types.PredictFn,
  prepare: Callable[[jax.Array], jax.Array],
  batch_size: int = BATCH_SIZE,
) -> PredictAllFn:
  """Compiles prediction for any number of raw examples.

  Args:
    predict: of a method.
    prepare: of a pair, from raw to what the model takes.
    batch_size: examples a call, split over the devices.

  Returns:
    (state, raw x) -> Prediction of every example, in order, as NumPy arrays.
    x may be `Mixtures`: the network is compiled once for both.
  """
  compiled = jax.jit(predict)

  @jax.jit
  def prepared(x):
    return mixtures.prepared(prepare, x)

  def predict_all(state, x):
    count = len(parallel.devices())
    size = min(batch_size, len(x))
    size += -size % count
    parts = []
    for start in range(0, len(x), size):
      # The last batch repeats its last example: one shape, one program.
      indices = np.minimum(np.arange(start, start + size), len(x) - 1)
      raw = parallel.shard(x[indices[hosts.share(size)]])
      parts.append(parallel.fetch(compiled(state, prepared(raw))))
    whole = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
    return jax.tree.map(lambda array: array[: len(x)], whole)

  return predict_all


def accuracy(
  predict: PredictAllFn, state: types.State, examples: Examples
) -> float:
  """Share of all examples that are classified as labelled, in [0, 1]."""
  return share_right(predict(state, examples.x).logits, examples.y)


def share_right(logits: np.ndarray, y: np.ndarray) -> float:
  """Share of predictions [n, k] that are the labels [n], in [0, 1]."""
  return float(np.mean(np.argmax(logits, axis=1) == y))


def confusion(logits: np.ndarray, y: np.ndarray) -> np.ndarray:
  """Counts [k, k]: rows are labels, columns predictions."""
  k = logits.shape[1]
  counts = np.bincount(k * y + np.argmax(logits, axis=1), minlength=k * k)
  return counts.reshape(k, k)
