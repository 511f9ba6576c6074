"""Many devices: the only place that knows the mesh axis and its name.

`jit` (the default) runs one program over global arrays: the batch is sharded
on axis `data`, the state is replicated, and whatever a loss computes it
computes over the whole batch. `pmap` runs one program a device; `gather` and
`mean` make it the same algorithm, and both are identities elsewhere.
"""

from collections.abc import Callable, Iterator, Sequence
import contextlib
import contextvars

import jax
from jax import lax
from jax.experimental import multihost_utils
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import numpy as np

from da_jax import hosts, types
from da_jax.errors import UserError

AXIS = 'data'
REPLICAS = 'replica'  # axis of a mesh whose devices run programs of their own
MODES = ('jit', 'pmap')
_CHOSEN = contextvars.ContextVar('devices', default=None)


def axis_name() -> str | None:
  """`AXIS` while tracing inside a map over it, else None."""
  try:
    lax.axis_size(AXIS)
  except NameError:
    return None
  return AXIS


def gather(tree: types.PyTree) -> types.PyTree:
  """Concatenates the devices' shares along the first axis of every leaf."""
  if axis_name() is None:
    return tree
  return jax.tree.map(lambda x: lax.all_gather(x, AXIS, tiled=True), tree)


def mean(tree: types.PyTree) -> types.PyTree:
  """Averages every leaf over the devices."""
  return tree if axis_name() is None else lax.pmean(tree, AXIS)


def device_key(key: jax.Array) -> jax.Array:
  """A key of this device's own, so that devices draw different noise."""
  if axis_name() is None:
    return key
  return jax.random.fold_in(key, lax.axis_index(AXIS))


@contextlib.contextmanager
def on(chosen: Sequence[jax.Device]) -> Iterator[None]:
  """Leaves the work within to some of the devices."""
  token = _CHOSEN.set(tuple(chosen))
  try:
    yield
  finally:
    _CHOSEN.reset(token)


def devices() -> list[jax.Device]:
  """The devices that share the work: all of them, each process's together."""
  if _CHOSEN.get() is not None:
    return list(_CHOSEN.get())
  return sorted(jax.devices(), key=lambda d: (d.process_index, d.id))


def mesh() -> Mesh:
  """One axis over the devices (Auto: Explicit axes reject pairwise losses)."""
  return Mesh(np.array(devices()), (AXIS,))


def everywhere() -> NamedSharding:
  """A copy on every device."""
  return NamedSharding(mesh(), PartitionSpec())


def replicate(tree: types.PyTree) -> types.PyTree:
  """Puts a copy of every leaf, of process 0 if many, on every device."""
  if not hosts.many():
    return jax.device_put(tree, everywhere())
  return jax.tree.map(
    lambda x: jax.make_array_from_process_local_data(everywhere(), x, x.shape),
    hosts.from_first(tree),
  )


def local(tree: types.PyTree) -> types.PyTree:
  """This process's copies of what is replicated, for work of its own."""
  if not hosts.many():
    return tree
  return jax.tree.map(lambda x: x.addressable_data(0), tree)


def fetch(tree: types.PyTree) -> types.PyTree:
  """All shares of every leaf as NumPy arrays."""
  if not hosts.many():
    return jax.device_get(tree)
  return multihost_utils.process_allgather(tree, tiled=True)


def check_batch_size(size: int) -> None:
  """Raises UserError unless a batch of `size` splits over the devices."""
  if size % jax.device_count():
    raise UserError(
      f'--batch_size={size} does not divide by the {jax.device_count()}'
      ' devices: choose a multiple of their number.'
    )


def shard(batch: types.PyTree) -> types.PyTree:
  """Splits the first axis of every leaf over the devices.

  Args:
    batch: on many processes each one's `hosts.share` of the rows.

  Returns:
    Global arrays.
  """
  sharding = NamedSharding(mesh(), PartitionSpec(AXIS))
  if not hosts.many():
    return jax.device_put(batch, sharding)
  return jax.tree.map(
    lambda x: jax.make_array_from_process_local_data(sharding, x), batch
  )


def agreed(received: Callable[[], int | None]) -> Callable[[], int | None]:
  """Makes a signal to one process known to all at the same step.

  Args:
    received: as of `signals.deferred`.

  Returns:
    The same, to be called by all processes after every step; if they are many,
    it says what one of them had received at the call before.
  """
  if not hosts.many():
    return received
  largest = jax.jit(jnp.max, out_shardings=everywhere())
  pending = []  # read a step late, so as not to wait for the devices

  def ask() -> int | None:
    mine = np.full(jax.local_device_count(), received() or 0, np.int32)
    pending.append(largest(shard(mine)))
    return (int(pending.pop(0)) or None) if len(pending) > 1 else None

  return ask


def agreed_at_end(number: int | None) -> int | None:
  """A signal that any process received until here, where all come by."""
  told = hosts.of_all({'signal': number or 0})
  return int(max(each['signal'] for each in told)) or None


def compile_step(step: types.StepFn, mode: str = 'jit') -> Callable:
  """Compiles `(state, batch, key) -> (state, metrics)`; donates the state.

  Args:
    step: the update; under `pmap` it sees one device's share of the batch.
    mode: one of `MODES`.

  Returns:
    A function of a replicated state, a host batch and a key.

  Raises:
    UserError: `pmap` on many processes.
  """
  if mode == 'pmap' and hosts.many():
    raise UserError('--parallel=pmap runs in one process: take --parallel=jit.')
  if mode == 'pmap':
    mapped = jax.pmap(
      step,
      axis_name=AXIS,
      in_axes=(None, 0, None),
      out_axes=None,
      donate_argnums=0,
      devices=devices(),
    )
    return lambda state, batch, key: mapped(state, _split(batch), key)
  jitted = jax.jit(step, donate_argnums=0, out_shardings=everywhere())
  return lambda state, batch, key: jitted(state, shard(batch), key)


def compile_lanes(step: types.StepFn, mesh: Mesh) -> Callable:
  """Compiles a step of many runs that know nothing of each other.

  Args:
    step: of one run.
    mesh: of axis `REPLICAS`; every device steps its lanes, by `vmap`.

  Returns:
    A function of stacked states, host batches and keys, their first axis the
    lanes, that donates the states.
  """
  spec = PartitionSpec(REPLICAS)
  mapped = jax.shard_map(
    jax.vmap(step), mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False
  )
  sharding = NamedSharding(mesh, spec)
  return jax.jit(mapped, donate_argnums=0, in_shardings=sharding)


def _split(batch: types.PyTree) -> types.PyTree:
  count = len(devices())
  return jax.tree.map(lambda x: x.reshape(count, -1, *x.shape[1:]), batch)
