"""The loop: runs any method on any pair, evaluates, saves, resumes.

Batches, augmentation and dropout are functions of (seed, step), so a run that
was killed and resumed ends with the same bits as one that was not.
"""

from collections.abc import Callable
import contextlib
import functools
import pathlib
from typing import NamedTuple

import jax
import jax.numpy as jnp

from da_jax import (
  best,
  evaluate,
  hosts,
  parallel,
  profiling,
  shared_checkpoints,
  signals,
)
from da_jax.assess import Standing, assessor
from da_jax.checkpoint import Checkpoints
from da_jax.data import batches
from da_jax.data.pair import DomainPair, Examples
from da_jax.errors import InterruptedRunError, UserError
from da_jax.journal import Journal
from da_jax.observation import Observer
from da_jax.types import Method, State, StepFn

SELECT = 'infomax'  # what selects unless it is told


class Outcome(NamedTuple):
  """What training leaves."""

  state: State  # after the last step
  selected: State  # after the step that the validator chose
  predict: evaluate.PredictAllFn  # (state, raw x) -> Prediction
  record: dict  # seconds, evaluations; of these first, last, selected, oracle


def train(
  method: Method,
  pair: DomainPair,
  *,
  steps: int,
  batch_size: int = 64,
  seed: int = 0,
  eval_every: int = 500,
  checkpoint_every: int = 500,
  workdir: pathlib.Path | None = None,
  parallel_mode: str = 'jit',
  select: str = SELECT,
  keep_best: bool = False,
  target_labels: bool = False,
  workers: int = 0,
  validation: Examples | None = None,
  start: Callable[[State], State] = lambda state: state,
  eval_at_start: bool = False,
  patience: int | None = None,
  profile: range = range(0),
  name: str = 'train',
  quiet: bool = False,
) -> Outcome:
  """Trains a method, from where its folder stands.

  Args:
    method: what to train.
    pair: the data.
    steps: updates in all.
    batch_size: examples of each domain in a step.
    seed: of initialisation, data order, augmentation and dropout.
    eval_every: steps between evaluations; the last step is always evaluated.
    checkpoint_every: steps between checkpoints; likewise.
    workdir: folder for checkpoints and metrics; None keeps nothing.
    parallel_mode: one of `parallel.MODES`.
    select: the validator that selects, a key of `selection.VALIDATORS`.
    keep_best: also keep what every validator takes for best, see `best`.
    target_labels: whether batches hold labelled target examples alone; then
      `validation` selects, or without it the last step is.
    workers: processes that make batches, see `batches`.
    validation: labelled target examples, held out.
    start: applied to the initial state, e.g. to put pretrained weights in.
    eval_at_start: also evaluate before the first step.
    patience: evaluations in a row that may pass without a better score of
      what selects, after which the run ends early; None trains all steps.
    profile: numbers, from 1, of the steps to trace, see `profiling.traced`.
    name: shown on the progress bar.
    quiet: show nothing.

  Returns:
    The outcome. `record['oracle']` is chosen by target test labels and is for
    reporting only: nothing else ever reads it.

  Raises:
    UserError: the batch does not fit the data or the devices, `patience` has
      no validation set, or the folder cannot be written.
    DivergedError: the loss or the gradient is not finite.
    InterruptedRunError: a signal came; the run is saved.
  """
  parallel.check_batch_size(batch_size)
  if patience is not None and target_labels and validation is None:
    raise UserError(
      '--patience stops on validation accuracy, but the labels are too few to'
      ' hold any out: give more --labels_per_class.'
    )
  settings = dict(batch_size=batch_size, seed=seed, target_labels=target_labels)
  key_init, key_run = jax.random.split(jax.random.key(seed))
  mine = dict(settings, share=hosts.share(batch_size))
  example = batches.batch_at(pair, 0, **mine)
  state = start(_initial_state(method, pair, example, key_init))
  update = parallel.compile_step(_augmented(method, pair), parallel_mode)
  predict = evaluate.compile_predict(method.predict, pair.prepare)
  with contextlib.ExitStack() as stack:
    observer = stack.enter_context(Observer())
    checkpoints = workdir and stack.enter_context(
      shared_checkpoints.of(workdir)
    )
    now = _restore(checkpoints, state)
    done = int(now.state.step)
    journal = stack.enter_context(
      _journal(workdir, observer, name, done, steps, quiet)
    )
    update = observer.watched(update, name, done)
    update = stack.enter_context(
      profiling.traced(update, workdir, profile, done)
    )
    signal_received = parallel.agreed(stack.enter_context(signals.deferred()))
    keep = keep_best and workdir and hosts.is_first()
    assess = assessor(
      predict,
      pair,
      journal,
      select=None if target_labels else select,
      validation=validation,
      keep=functools.partial(best.write, workdir) if keep else None,
    )
    if eval_at_start and not done:
      now = assess(now)
    if method.begin and not done:
      now = now._replace(
        state=_begun(method, pair, now.state, settings, key_run, steps)
      )
    stopped_by, last = None, _over(now, steps, patience)
    stop = done if last else steps
    feed = batches.batches(pair, done, stop, workers=workers, **mine)
    stack.enter_context(contextlib.closing(feed))
    for batch in journal.awaited(feed):
      state, metrics = update(now.state, batch, key_run)
      now = now._replace(state=state)
      done += 1
      journal.step(done, metrics)
      stopped_by, last = signal_received(), done == steps
      if last or done % eval_every == 0:
        now = assess(now)
        last = _over(now, steps, patience)
      if checkpoints and (last or stopped_by or done % checkpoint_every == 0):
        journal.settle()
        now = now._replace(record=journal.timed(now.record))
        checkpoints.save(done, now._asdict())
      if last or stopped_by:
        break
    now = now._replace(record=journal.timed(now.record))
  if not last:
    raise InterruptedRunError(stopped_by, done)
  return Outcome(now.state, now.selected, predict, now.record)


def rehearse(
  method: Method, pair: DomainPair, *, batch_size: int, target_labels: bool
) -> None:
  """Raises what tracing the first step would raise; computes nothing."""
  settings = dict(batch_size=batch_size, seed=0, target_labels=target_labels)
  example = batches.batch_at(pair, 0, **settings)
  key = jax.random.key(0)
  init = lambda key: _initial_state(method, pair, example, key)
  state = jax.eval_shape(init, key)
  jax.eval_shape(_augmented(method, pair), state, example, key)


def _initial_state(method, pair, example, key) -> State:
  prepared = {
    domain: {'x': jax.eval_shape(pair.prepare, part['x'])}
    for domain, part in example.items()
  }
  zeros = jax.tree.map(
    lambda x: jnp.zeros((1, *x.shape[1:]), x.dtype), prepared
  )
  return jax.jit(method.init)(key, zeros)


def _journal(workdir, observer, name, done, steps, quiet) -> Journal:
  if not hosts.is_first():
    workdir, quiet = None, True
  return Journal(workdir, observer, name, done, steps, quiet)


def _restore(checkpoints: Checkpoints | None, state: State) -> Standing:
  """The newest checkpoint, or the initial state where there is none."""
  # Copied, as a leaf that is in it twice would be donated twice.
  state = parallel.replicate(_copy(state))
  fresh = Standing(state, _copy(state), {})
  restored = checkpoints.restore(fresh._asdict()) if checkpoints else None
  return Standing(**restored) if restored else fresh


def _begun(method, pair, state, settings, key_run, steps) -> State:
  """What the method's `begin` makes of the initial state."""
  prepare = jax.jit(pair.prepare)
  prepared = (
    {domain: {**part, 'x': prepare(part['x'])} for domain, part in raw.items()}
    for raw in batches.epoch(pair, **settings)
  )
  # A number that no step folds in.
  key = jax.random.fold_in(key_run, steps)
  state = parallel.local(state)
  return parallel.replicate(_copy(method.begin(state, prepared, key)))


def _over(now: Standing, steps: int, patience: int | None) -> bool:
  """Whether all steps are done, or enough evaluations passed in vain."""
  vain = now.record.get('evaluations_in_vain', 0)
  return int(now.state.step) >= steps or (
    patience is not None and vain >= patience
  )


def _augmented(method: Method, pair: DomainPair) -> StepFn:
  """The method's step on raw batches, its keys a function of the step."""

  def step(state, batch, key):
    key_augment, key_step = jax.random.split(
      jax.random.fold_in(key, state.step)
    )
    key_augment = parallel.device_key(key_augment)
    keys = jax.random.split(key_augment, len(batch))
    batch = {
      domain: {**batch[domain], 'x': pair.augment(key, batch[domain]['x'])}
      for key, domain in zip(keys, sorted(batch), strict=True)
    }
    return method.step(state, batch, key_step)

  return step


def _copy(state: State) -> State:
  """A copy that outlives the donation of the original."""
  return jax.tree.map(jnp.copy, state)
