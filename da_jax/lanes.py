"""States of many runs stacked along a first axis, and shares of such a stack.

A step of all runs takes and gives the whole stack, so that nothing is copied
from step to step. A run holds a `Lane` of it, and makes a state of its own of
that only to be evaluated and saved.
"""

from collections.abc import Callable, Sequence
import dataclasses
import functools

import jax
from jax import lax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import numpy as np

from da_jax import parallel, types


@dataclasses.dataclass(frozen=True)
class Lane:
  """One run's share of a stack, until the next step takes that.

  Attributes:
    stack: [lanes, ...] every leaf, its first axis over the devices.
    index: of the run.
  """

  stack: types.PyTree
  index: int


def whole(state: types.State | Lane) -> types.State:
  """A state of its own on this run's device; one that is whole stays."""
  if not isinstance(state, Lane):
    return state
  shares = jax.tree.map(lambda x: _share(x, state.index), state.stack)
  size = jax.tree.leaves(shares)[0].shape[0]
  return jax.device_put(_one(shares, state.index % size), parallel.everywhere())


def is_of(state: types.State | Lane, stack: types.PyTree) -> bool:
  """Whether a state is a share of a stack."""
  return isinstance(state, Lane) and state.stack is stack


def stacked(
  states: Sequence[types.State | Lane],
  places: Sequence[jax.Device],
  mesh: Mesh,
) -> types.PyTree:
  """Stacks states.

  Args:
    states: one a lane, in order.
    places: the device of each lane; equally many on each, neighbours together.
    mesh: of these devices, one axis.
  """

  def placed(lane: int) -> types.State:
    with parallel.on([places[lane]]):
      state = parallel.replicate(whole(states[lane]))
    return jax.tree.map(lambda x: x.addressable_data(0), state)

  size = len(states) // mesh.size
  parts = [
    _stack(*map(placed, range(first, first + size)))
    for first in range(0, len(states), size)
  ]
  sharding = NamedSharding(mesh, PartitionSpec(mesh.axis_names[0]))

  def joined(*shares: jax.Array) -> jax.Array:
    shape = (len(states), *shares[0].shape[1:])
    return jax.make_array_from_single_device_arrays(shape, sharding, shares)

  return jax.tree.map(joined, *parts)


def metrics(stack: types.Metrics, count: int) -> list[types.Metrics]:
  """Each lane's metrics; all are fetched at once when one is first read.

  Args:
    stack: [lanes] every value.
    count: lanes of interest, the first ones.
  """
  fetch = functools.cache(lambda: jax.device_get(stack))
  return [
    {name: _Entry(fetch, name, lane) for name in stack} for lane in range(count)
  ]


@dataclasses.dataclass(frozen=True)
class _Entry:
  """A number that `jax.device_get` gets."""

  fetch: Callable[[], types.Metrics]
  name: str
  lane: int

  def __array__(self, dtype=None, copy=None) -> np.ndarray:
    return np.asarray(self.fetch()[self.name][self.lane], dtype)


def _share(array: jax.Array, index: int) -> jax.Array:
  """The part of a stack, on one device, that has a lane."""
  for shard in array.addressable_shards:
    start = shard.index[0].start or 0
    if start <= index < start + len(shard.data):
      return shard.data
  raise IndexError(index)


@jax.jit
def _one(stack: types.PyTree, index: int) -> types.PyTree:
  take = functools.partial(lax.dynamic_index_in_dim, keepdims=False)
  return jax.tree.map(lambda x: take(x, index), stack)


@jax.jit
def _stack(*trees: types.PyTree) -> types.PyTree:
  return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
