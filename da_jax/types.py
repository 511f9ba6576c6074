"""The vocabulary: every method is a `Method`, all it remembers is a `State`.

A batch is `{'source': {'x', 'y'}, 'target': {'x'}}`. Target labels are in it
only where the setting gives them (fine-tuning): reading them in unsupervised
adaptation is a `KeyError`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax

PyTree = Any
Batch = Mapping[str, Mapping[str, jax.Array]]
Metrics = dict[str, jax.Array]

TOKENS = 2**15  # ids that a hashed word may have; 0 is padding


class State(NamedTuple):
  """All that a checkpoint of a method holds."""

  step: jax.Array  # int32 [], updates done so far
  params: PyTree  # what gradients train, by part: {'model': ..., 'critic': ...}
  variables: PyTree  # what they do not touch: {'model': {'batch_stats': ...}}
  opt_state: PyTree


class Prediction(NamedTuple):
  """What a classifier says of `n` examples."""

  features: jax.Array  # float32 [n, d], the input of the head
  logits: jax.Array  # float32 [n, k]


InitFn = Callable[[jax.Array, Batch], State]
StepFn = Callable[[State, Batch, jax.Array], tuple[State, Metrics]]
PredictFn = Callable[[State, jax.Array], Prediction]
BeginFn = Callable[[State, Iterator[Batch], jax.Array], State]


class Method(NamedTuple):
  """An algorithm as pure functions; hyperparameters are closed over.

  `begin` runs once, before the first step of a new run and after pretrained
  weights were put in, on one epoch of labelled training batches that are
  prepared and not augmented. It keeps the structure that `init` has fixed.
  """

  init: InitFn  # (key, batch) -> State
  step: StepFn  # (state, batch, key) -> (state, metrics)
  predict: PredictFn  # (state, x) -> Prediction
  begin: BeginFn | None = None  # (state, batches, key) -> State
