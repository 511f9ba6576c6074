"""Exact evaluation: every example counts once, whatever the batch size."""

from collections.abc import Callable

import jax
import numpy as np

from da_jax import parallel, types
from da_jax.data.pair import Examples

BATCH_SIZE = 128


def compile_predict(
  predict: types.PredictFn, prepare: Callable[[jax.Array], jax.Array]
) -> types.PredictFn:
  """Compiles (state, raw x) -> Prediction, the batch split over devices."""

  @jax.jit
  def compiled(state, x):
    return predict(state, prepare(x))

  return lambda state, x: compiled(state, parallel.shard(x))


def predict_all(
  predict: types.PredictFn,
  state: types.State,
  x,
  *,
  batch_size: int = BATCH_SIZE,
) -> types.Prediction:
  """Predicts every example, in order.

  Args:
    predict: compiled by `compile_predict`.
    state: of the method.
    x: raw inputs, see `pair.Examples`.
    batch_size: examples a call; rounded up to a multiple of the devices.

  Returns:
    NumPy features [n, d] and logits [n, k].
  """
  batch_size += -batch_size % len(parallel.devices())
  parts = []
  for start in range(0, len(x), batch_size):
    indices = np.arange(start, min(start + batch_size, len(x)))
    # The last batch repeats its last example: one shape, one program.
    padded = np.pad(indices, (0, batch_size - len(indices)), mode='edge')
    prediction = jax.device_get(predict(state, x[padded]))
    parts.append(prediction)
  whole = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
  return jax.tree.map(lambda array: array[: len(x)], whole)


def accuracy(
  predict: types.PredictFn, state: types.State, examples: Examples
) -> float:
  """Share of all examples that are classified as labelled, in [0, 1]."""
  logits = predict_all(predict, state, examples.x).logits
  return float(np.mean(np.argmax(logits, axis=1) == examples.y))


def confusion(logits: np.ndarray, y: np.ndarray) -> np.ndarray:
  """Counts [k, k]: rows are labels, columns predictions."""
  k = logits.shape[1]
  counts = np.bincount(k * y + np.argmax(logits, axis=1), minlength=k * k)
  return counts.reshape(k, k)
