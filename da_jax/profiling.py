"""Traces of some steps of a run, as TensorBoard and Perfetto show them."""

from collections.abc import Callable, Iterator
import contextlib
import pathlib
import re

import jax

from da_jax import files, hosts
from da_jax.errors import UserError

FOLDER = 'profile'


def parse(text: str | None, steps: int) -> range:
  """The steps that a flag asks for.

  Args:
    text: '<first>:<behind the last>', numbers as in metrics.jsonl, from 1; or
      None.
    steps: of the run.

  Returns:
    The steps; none for None.

  Raises:
    UserError: it is something else, or not within the run.
  """
  if text is None:
    return range(0)
  found = re.fullmatch(r'(\d+):(\d+)', text, re.ASCII)
  first, stop = map(int, found.groups()) if found else (0, 0)
  if not 1 <= first < stop <= steps + 1:
    raise UserError(
      f'--profile={text} is not <first>:<behind the last> within the steps 1 to'
      f' {steps} of the run: give e.g. --profile=10:20 for steps 10 to 19.'
    )
  return range(first, stop)


@contextlib.contextmanager
def traced(
  update: Callable, run: pathlib.Path | None, steps: range, done: int
) -> Iterator[Callable]:
  """Makes an update whose calls of some steps are traced by `jax.profiler`.

  Args:
    update: (state, batch, key) -> (state, metrics).
    run: folder in which process 0 keeps its trace; None for no trace.
    steps: numbers of those to trace, one after another; the first call's is
      `done` + 1.
    done: updates done before.

  Yields:
    The same function; a trace that is not complete at the end is written too.

  Raises:
    UserError: the trace cannot be written.
  """
  if run is None or not steps or not hosts.is_first():
    yield update
    return
  number, stack = done, contextlib.ExitStack()
  first = max(done + 1, steps.start)

  def call(state, batch, key):
    nonlocal number
    number += 1
    if number == first and number in steps:
      jax.block_until_ready(state)
      stack.enter_context(_trace(run))
    with jax.profiler.StepTraceAnnotation('train', step_num=number):
      state, metrics = update(state, batch, key)
    if number == steps[-1]:
      jax.block_until_ready(metrics)
      stack.close()
    return state, metrics

  with stack:
    yield call


@contextlib.contextmanager
def _trace(run: pathlib.Path) -> Iterator[None]:
  with files.writing(run, Exception):
    jax.profiler.start_trace(str(run / FOLDER))
  try:
    yield
  finally:
    with files.writing(run, Exception):
      jax.profiler.stop_trace()
