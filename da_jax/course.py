"""A run from where its folder stands to its end, which asks for its steps.

Whoever makes the steps decides on which devices, and beside which other runs:
`train` by all devices, `replicas` many runs at a time.
"""

from collections.abc import Callable, Generator
import contextlib
import functools
import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from da_jax import (
  assess,
  best,
  evaluate,
  hosts,
  lanes,
  parallel,
  shared_checkpoints,
)
from da_jax.checkpoint import Checkpoints
from da_jax.data import batches
from da_jax.data.pair import DomainPair, Examples
from da_jax.errors import InterruptedRunError, UserError
from da_jax.journal import Journal
from da_jax.observation import Observer
from da_jax.programs import Programs, initial_state
from da_jax.types import Batch, Metrics, State

SELECT = 'corr_c'  # what selects unless it is told


class Plan(NamedTuple):
  """What a run is to do."""

  steps: int  # updates in all
  batch_size: int = 64  # examples of each domain in a step
  seed: int = 0  # of initialisation, data order, augmentation and dropout
  eval_every: int = 500  # steps; the last one is always evaluated
  checkpoint_every: int = 500  # steps; likewise
  workdir: pathlib.Path | None = None  # for checkpoints and metrics, if kept
  select: str = SELECT  # the validator that does, of `selection.VALIDATORS`
  keep_best: bool = False  # also what every validator takes for best
  # Whether batches hold labelled target examples alone; then `validation`
  # selects, or without it the last step is.
  target_labels: bool = False
  workers: int = 0  # processes that make batches, see `batches`
  validation: Examples | None = None  # labelled target examples, held out
  # Applied to the initial state, e.g. to put pretrained weights in.
  start: Callable[[State], State] = lambda state: state
  eval_at_start: bool = False  # also before the first step
  # Evaluations in a row that may pass without a better score of what selects,
  # after which the run ends early; None trains all steps.
  patience: int | None = None
  name: str = 'train'  # shown on the progress bar
  quiet: bool = False  # show nothing


class Outcome(NamedTuple):
  """What training leaves."""

  state: State  # after the last step
  selected: State  # after the step that the validator chose
  predict: evaluate.PredictAllFn  # (state, raw x) -> Prediction
  record: dict  # seconds, evaluations; of these first, last, selected, oracle


# What a course asks for: (state, raw host batch, key) of its next step.
Request = tuple[State | lanes.Lane, Batch, jax.Array]
# What it is sent: the state, the metrics and what asks for a signal so far.
Reply = tuple[State | lanes.Lane, Metrics, Callable[[], int | None]]
Course = Generator[Request, Reply, Outcome]


def course(programs: Programs, pair: DomainPair, plan: Plan) -> Course:
  """A run that asks for its steps, from where its folder stands.

  Args:
    programs: of the method on such data.
    pair: the data.
    plan: what to do.

  Yields:
    (state, raw host batch, key) of each step, to be sent its `Reply`.

  Returns:
    The outcome.

  Raises:
    UserError, DivergedError, InterruptedRunError: as `train`.
  """
  with contextlib.ExitStack() as stack:
    observer = stack.enter_context(Observer())
    checkpoints, now, key = _opened(programs, pair, plan, stack)
    done = int(now.state.step)
    journal = stack.enter_context(_journal(plan, observer, done))
    evaluated = _assessor(programs, pair, plan, journal)
    if not done:
      now = evaluated(now) if plan.eval_at_start else now
      now = now._replace(state=_begun(programs, pair, plan, now.state, key))
    stopped_by, last = None, _over(now, plan)
    feed = _feed(pair, plan, done, done if last else plan.steps)
    stack.enter_context(contextlib.closing(feed))
    for batch in journal.awaited(feed):
      state, metrics, received = yield now.state, batch, key
      now, done = now._replace(state=state), done + 1
      journal.step(done, metrics)
      stopped_by, last = received(), done == plan.steps
      if last or done % plan.eval_every == 0:
        now = evaluated(_whole(now))
        last = _over(now, plan)
      due = last or stopped_by or done % plan.checkpoint_every == 0
      if checkpoints and due:
        journal.settle()
        now = _whole(now)._replace(record=journal.timed(now.record))
        checkpoints.save(done, now._asdict())
      if last or stopped_by:
        break
    now = _whole(now)._replace(record=journal.timed(now.record))
  if not last:
    raise InterruptedRunError(stopped_by, done)
  return Outcome(now.state, now.selected, programs.predict, now.record)


def _opened(programs, pair, plan, stack):
  """The run's checkpoints, where it stands, and the key of its steps."""
  if (
    plan.patience is not None and plan.target_labels and plan.validation is None
  ):
    raise UserError(
      '--patience stops on validation accuracy, but the labels are too few to'
      ' hold any out: give more --labels_per_class.'
    )
  key_init, key_run = jax.random.split(jax.random.key(plan.seed))
  example = batches.batch_at(pair, 0, **_settings(plan), share=_share(plan))
  state = plan.start(initial_state(programs, example, key_init))
  checkpoints = plan.workdir and stack.enter_context(
    shared_checkpoints.of(plan.workdir)
  )
  return checkpoints, _restore(checkpoints, state), key_run


def _settings(plan: Plan) -> dict[str, Any]:
  """Those of batches."""
  return {n: getattr(plan, n) for n in ('batch_size', 'seed', 'target_labels')}


def _share(plan: Plan) -> slice:
  return hosts.share(plan.batch_size)


def _feed(pair: DomainPair, plan: Plan, done: int, stop: int):
  mine = {**_settings(plan), 'share': _share(plan)}
  return batches.batches(pair, done, stop, workers=plan.workers, **mine)


def _journal(plan: Plan, observer: Observer, done: int) -> Journal:
  workdir, quiet = plan.workdir, plan.quiet
  if not hosts.is_first():
    workdir, quiet = None, True
  return Journal(workdir, observer, plan.name, done, plan.steps, quiet)


def _assessor(programs, pair, plan, journal):
  keep = plan.keep_best and plan.workdir and hosts.is_first()
  return assess.assessor(
    programs.predict,
    pair,
    journal,
    select=None if plan.target_labels else plan.select,
    validation=plan.validation,
    keep=functools.partial(best.write, plan.workdir) if keep else None,
  )


def _restore(checkpoints: Checkpoints | None, state: State) -> assess.Standing:
  """The newest checkpoint, or the initial state where there is none."""
  # Copied, as a leaf that is in it twice would be donated twice.
  state = parallel.replicate(_copy(state))
  fresh = assess.Standing(state, _copy(state), {})
  restored = checkpoints.restore(fresh._asdict()) if checkpoints else None
  return assess.Standing(**restored) if restored else fresh


def _begun(programs, pair, plan, state, key) -> State:
  """What the method's `begin` makes of the initial state."""
  if not programs.begin:
    return state
  prepared = (
    {
      domain: {**part, 'x': programs.prepare(part['x'])}
      for domain, part in raw.items()
    }
    for raw in batches.epoch(pair, **_settings(plan))
  )
  # A number that no step folds in.
  key = jax.random.fold_in(key, plan.steps)
  begun = programs.begin(parallel.local(state), prepared, key)
  return parallel.replicate(_copy(begun))


def _over(now: assess.Standing, plan: Plan) -> bool:
  """Whether all steps are done, or enough evaluations passed in vain."""
  vain = now.record.get('evaluations_in_vain', 0)
  return int(now.state.step) >= plan.steps or (
    plan.patience is not None and vain >= plan.patience
  )


def _whole(now: assess.Standing) -> assess.Standing:
  """The same with a state of its own, see `lanes`."""
  return now._replace(state=lanes.whole(now.state))


def _copy(state: State) -> State:
  """A copy that outlives the donation of the original."""
  return jax.tree.map(jnp.copy, state)
