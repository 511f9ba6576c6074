"""The loop: runs any method on any pair, evaluates, saves, resumes.

Batches, augmentation and dropout are functions of (seed, step), so a run that
was killed and resumed ends with the same bits as one that was not.
"""

import contextlib

from da_jax import parallel, profiling, programs, signals
from da_jax.course import Outcome, Plan, course
from da_jax.data.pair import DomainPair
from da_jax.errors import InterruptedRunError
from da_jax.observation import Observer
from da_jax.types import Method


def train(
  method: Method,
  pair: DomainPair,
  *,
  parallel_mode: str = 'jit',
  profile: range = range(0),
  **plan,
) -> Outcome:
  """Trains a method by all devices, from where its folder stands.

  Args:
    method: what to train.
    pair: the data.
    parallel_mode: one of `parallel.MODES`.
    profile: numbers, from 1, of the steps to trace, see `profiling.traced`.
    **plan: of `Plan`.

  Returns:
    The outcome. `record['oracle']` is chosen by target test labels and is for
    reporting only: nothing else ever reads it.

  Raises:
    UserError: the batch does not fit the data or the devices, `patience` has
      no validation set, or the folder cannot be written.
    DivergedError: the loss or the gradient is not finite.
    InterruptedRunError: a signal came; the run is saved.
  """
  planned, shared = Plan(**plan), programs.of(method, pair)
  parallel.check_batch_size(planned.batch_size)
  update = parallel.compile_step(shared.step, parallel_mode)
  with contextlib.ExitStack() as stack:
    running = course(shared, pair, planned)
    stack.enter_context(contextlib.closing(running))
    observer = stack.enter_context(Observer())
    try:
      request = next(running)
    except StopIteration as end:  # it was done before
      return end.value
    done = int(request[0].step)
    update = observer.watched(update, planned.name, done)
    traced = profiling.traced(update, planned.workdir, profile, done)
    update = stack.enter_context(traced)
    received = stack.enter_context(signals.deferred())
    outcome = _stepped(running, request, update, parallel.agreed(received))
    # Whoever asked last did so before the last evaluation.
    if number := parallel.agreed_at_end(received()):
      raise InterruptedRunError(number, int(outcome.state.step))
  return outcome


def _stepped(running, request, update, received) -> Outcome:
  """Makes all steps that a course asks for."""
  try:
    while True:
      request = running.send((*update(*request), received))
  except StopIteration as end:
    return end.value
