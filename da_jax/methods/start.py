"""What fine-tuning remembers of the network that it starts from.

A snapshot is the classifier's collections, kept in `State.variables` so that
checkpoints hold it: zeros by `forgotten` until `begin` fills them.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from da_jax import parallel, types
from da_jax.models import layers
from da_jax.types import Batch, Prediction, PyTree, State

START, SOURCE_HEAD = 'start', 'source_head'


class Trained(NamedTuple):
  """What a run starts from brings.

  Attributes:
    parts: of the model: 'backbone', and of a run 'bottleneck' and, where the
      classes are the same, 'head'.
    head_classes: of the head that it was trained with; None without one.
  """

  parts: tuple[str, ...] = ()
  head_classes: int | None = None


class Head(nn.Module):
  """A linear layer on features, as the classifier's own head."""

  num_classes: int

  @nn.compact
  def __call__(self, z: jax.Array, train: bool) -> jax.Array:
    """Maps features [n, d] to logits [n, num_classes]."""
    del train
    return layers.Dense(self.num_classes, name='fc')(z)


def zeros_like(tree: PyTree) -> PyTree:
  """The place of a tree that `begin` will remember."""
  return jax.tree.map(jnp.zeros_like, tree)


def snapshot(state: State) -> PyTree:
  """The classifier's collections, as `model.apply` takes them."""
  return {'params': state.params['model'], **state.variables['model']}


def forgotten(state: State) -> dict[str, PyTree]:
  """The place of a snapshot."""
  return {START: zeros_like(snapshot(state))}


def remembered(state: State) -> State:
  """The state with a snapshot of itself."""
  variables = {**state.variables, START: snapshot(state)}
  return state._replace(variables=variables)


def recall(model: nn.Module, variables: PyTree, x: jax.Array) -> Prediction:
  """What the snapshot says in evaluation mode of the global batch."""
  prediction = model.apply(variables[START], x, train=False)
  return jax.lax.stop_gradient(parallel.gather(prediction))


def outputs(
  predict: types.PredictFn, state: State, batches: Iterator[Batch]
) -> tuple[Prediction, np.ndarray]:
  """Predictions and labels of all labelled target examples, as NumPy arrays.

  Args:
    predict: of a method.
    state: of a method.
    batches: as `begin` gets them.

  Returns:
    The prediction for n examples and their labels [n].
  """
  compiled = jax.jit(predict)
  parts = [
    jax.device_get(
      (compiled(state, batch['target']['x']), batch['target']['y'])
    )
    for batch in batches
  ]
  return jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)


def divided(params: PyTree, pretrained: Collection[str]) -> tuple[dict, dict]:
  """The classifier's parts that were trained before, and the new ones."""
  old = {name: part for name, part in params.items() if name in pretrained}
  new = {name: part for name, part in params.items() if name not in pretrained}
  return old, new
