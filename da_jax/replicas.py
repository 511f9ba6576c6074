"""Many runs of one method at a time: seeds, in lockstep, in one process.

The runs are independent programs without collectives, spread over the devices.
A device steps its runs one after another (`turns`), or all by one program
(`vmap`); `benchmarks/replicas.py` measures which is faster.
"""

from collections.abc import Callable, Sequence
import contextlib
import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
import numpy as np

from da_jax import lanes, parallel, signals
from da_jax.course import Course, Outcome, Reply, Request
from da_jax.data import batches
from da_jax.data.pair import DomainPair
from da_jax.errors import DivergedError, InterruptedRunError
from da_jax.observation import Observer
from da_jax.programs import Programs, initial_state
from da_jax.types import StepFn

WAYS = ('auto', 'vmap', 'turns')
SMALL = 2**18  # parameters of networks that are faster by `vmap`
# Of a run that has ended or was finished before there is none.
Requests = Sequence[Request | None]
Advance = Callable[[Requests], list[tuple[Any, Any] | None]]


def choose(way: str, programs: Programs, pair: DomainPair) -> str:
  """What 'auto' stands for: what `benchmarks/replicas.py` found faster.

  Args:
    way: one of `WAYS`.
    programs: of the runs.
    pair: the data.

  Returns:
    'vmap' for small networks of rows of numbers, where starting the many small
    operations of a step takes longest; else 'turns': products of many large
    matrices, and convolutions with a kernel for each run, are slow.
  """
  if way != 'auto':
    return way
  settings = dict(batch_size=1, seed=0, target_labels=False)
  example = batches.batch_at(pair, 0, **settings)
  init = lambda key: initial_state(programs, example, key)
  params = jax.eval_shape(init, jax.random.key(0)).params
  count = sum(leaf.size for leaf in jax.tree.leaves(params))
  x = example['target']['x']
  rows = x.ndim == 2 and np.issubdtype(x.dtype, np.floating)
  return 'vmap' if rows and count < SMALL else 'turns'


def train(
  courses: Sequence[Course | None], step: StepFn, *, way: str, name: str
) -> list[Outcome | DivergedError | None]:
  """Makes the steps of many runs until all have ended.

  A run's bits depend on its place in the sequence and the sequence's length
  at most, never on how far the others are.

  Args:
    courses: of the same programs; None for a run that needs no more steps.
    step: of these programs.
    way: 'vmap' or 'turns'.
    name: what they train, for warnings.

  Returns:
    For each course its outcome, or why it ended without: one that diverges
    leaves the others alone.

  Raises:
    InterruptedRunError: a signal came; all are saved, at the same step if they
      began at the same.
    UserError: one of them cannot go on; all end.
  """
  places, ended = _places(len(courses)), [None] * len(courses)

  def asked(lane: int, reply: Reply | None) -> Request | None:
    try:
      with parallel.on([places[lane]]):
        return courses[lane].send(reply)
    except StopIteration as end:
      predict = _on(places[lane], end.value.predict)
      ended[lane] = end.value._replace(predict=predict)
    except (DivergedError, InterruptedRunError) as error:
      ended[lane] = error
    return None

  with contextlib.ExitStack() as stack:
    for running in filter(None, courses):
      stack.enter_context(contextlib.closing(running))
    requests = [
      running and asked(lane, None) for lane, running in enumerate(courses)
    ]
    observer = stack.enter_context(Observer())
    received = stack.enter_context(signals.deferred())
    watch = functools.partial(observer.watched, name=name)
    advance = {'turns': _turns, 'vmap': _vmap}[way](step, places, watch)
    while any(requests):
      replies = advance(requests)
      # Asked once for all, so that they are saved at the same step.
      stopped = functools.partial(_same, received())
      requests = [
        request and asked(lane, (*replies[lane], stopped))
        for lane, request in enumerate(requests)
      ]
    for end in ended:
      if isinstance(end, InterruptedRunError):
        raise end
  return ended


def _on(place: jax.Device, function: Callable) -> Callable:
  def call(*args):
    with parallel.on([place]):
      return function(*args)

  return call


def _same(signal_number: int | None) -> int | None:
  return signal_number


def _places(count: int) -> list[jax.Device]:
  """The device of each run; neighbours share one."""
  devices = parallel.devices()
  size = math.ceil(count / len(devices))
  return [devices[lane // size] for lane in range(count)]


def _turns(step: StepFn, places: Sequence[jax.Device], watch) -> Advance:
  """Steps each run by itself; devices work at the same time."""
  compiled, updates = {}, {}

  def advanced(lane: int, request: Request) -> tuple[Any, Any]:
    with parallel.on([places[lane]]):
      if lane not in updates:
        place = places[lane]
        compiled.setdefault(place, parallel.compile_step(step))
        done = int(request[0].step)
        updates[lane] = watch(compiled[place], done=done)
      return updates[lane](*request)

  return lambda requests: [
    request and advanced(lane, request) for lane, request in enumerate(requests)
  ]


def _vmap(step: StepFn, places: Sequence[jax.Device], watch) -> Advance:
  """Steps all runs by one program, those that have ended as well.

  Their number stays the same, as another program might round otherwise.
  """
  devices = list(dict.fromkeys(places))
  size = math.ceil(len(places) / len(devices))
  places = [device for device in devices for _ in range(size)]
  mesh = Mesh(np.array(devices), (parallel.REPLICAS,))
  update, stack, keys = None, None, None

  def advance(requests: Requests) -> list[tuple[Any, Any]]:
    nonlocal update, stack, keys
    running = [request for request in requests if request]
    # What ended, or only fills a device, takes the place of another run.
    filled = [request or running[0] for request in requests]
    filled += [running[0]] * (len(places) - len(filled))
    if update is None:
      done = int(lanes.whole(running[0][0]).step)
      update = watch(parallel.compile_lanes(step, mesh), done=done)
    if not all(lanes.is_of(state, stack) for state, _, _ in running):
      stack = lanes.stacked([r[0] for r in filled], places, mesh)
      keys = jnp.stack([key for _, _, key in filled])
    batches = [batch for _, batch, _ in filled]
    host = jax.tree.map(lambda *parts: np.stack(parts), *batches)
    stack, metrics = update(stack, host, keys)
    told = lanes.metrics(metrics, len(requests))
    return [(lanes.Lane(stack, lane), m) for lane, m in enumerate(told)]

  return advance
