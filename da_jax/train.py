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

from da_jax import evaluate, parallel, signals
from da_jax.checkpoint import Checkpoints
from da_jax.data import batches
from da_jax.data.pair import DomainPair, Examples
from da_jax.errors import InterruptedRunError
from da_jax.journal import Journal
from da_jax.types import Method, State, StepFn


class Standing(NamedTuple):
  """Where a run stands; what a checkpoint holds."""

  state: State
  selected: State
  record: dict


class Outcome(NamedTuple):
  """What training leaves."""

  state: State  # after the last step
  selected: State  # after the step that the validation chose
  predict: evaluate.PredictAllFn  # (state, raw x) -> Prediction
  record: dict  # seconds and, for last, selected, oracle: the evaluation


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
  target_labels: bool = False,
  workers: int = 0,
  validation: Examples | None = None,
  start: Callable[[State], State] = lambda state: state,
  eval_at_start: bool = False,
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
    target_labels: whether batches hold labelled target examples alone.
    workers: processes that make batches, see `batches`.
    validation: what selects; by default the source's held-out examples, or
      with `target_labels` nothing: the last step counts as selected.
    start: applied to the initial state, e.g. to put pretrained weights in.
    eval_at_start: also evaluate before the first step.
    name: shown on the progress bar.
    quiet: show nothing.

  Returns:
    The outcome. `record['oracle']` is chosen by target test labels and is for
    reporting only: nothing else ever reads it.

  Raises:
    UserError: the batch does not fit the data or the devices.
    DivergedError: the loss or the gradient is not finite.
    InterruptedRunError: a signal came; the run is saved.
  """
  parallel.check_batch_size(batch_size)
  if validation is None and not target_labels:
    validation = pair.source_val
  settings = dict(batch_size=batch_size, seed=seed, target_labels=target_labels)
  key_init, key_run = jax.random.split(jax.random.key(seed))
  example = batches.batch_at(pair, 0, **settings)
  state = start(_initial_state(method, pair, example, key_init))
  update = parallel.compile_step(_augmented(method, pair), parallel_mode)
  predict = evaluate.compile_predict(method.predict, pair.prepare)
  with contextlib.ExitStack() as stack:
    checkpoints = stack.enter_context(Checkpoints(workdir)) if workdir else None
    now = _restore(checkpoints, state)
    done = int(now.state.step)
    journal = stack.enter_context(Journal(workdir, name, done, steps, quiet))
    signal_received = stack.enter_context(signals.deferred())
    assess = functools.partial(_assess, predict, pair, validation, journal)
    if eval_at_start and not done:
      now = assess(now)
    feed = batches.batches(pair, done, steps, workers=workers, **settings)
    stack.enter_context(contextlib.closing(feed))
    stopped_by = None
    for batch in journal.awaited(feed):
      state, metrics = update(now.state, batch, key_run)
      now = now._replace(state=state)
      done += 1
      journal.step(done, metrics)
      stopped_by, last = signal_received(), done == steps
      if last or done % eval_every == 0:
        now = assess(now)
      if checkpoints and (last or stopped_by or done % checkpoint_every == 0):
        journal.settle()
        now = now._replace(record=journal.timed(now.record))
        checkpoints.save(done, now._asdict())
      if stopped_by:
        break
    now = now._replace(record=journal.timed(now.record))
  if done < steps:
    raise InterruptedRunError(stopped_by, done)
  return Outcome(now.state, now.selected, predict, now.record)


def _initial_state(method, pair, example, key) -> State:
  prepared = {
    domain: {'x': jax.eval_shape(pair.prepare, part['x'])}
    for domain, part in example.items()
  }
  zeros = jax.tree.map(
    lambda x: jnp.zeros((1, *x.shape[1:]), x.dtype), prepared
  )
  return jax.jit(method.init)(key, zeros)


def _restore(checkpoints: Checkpoints | None, state: State) -> Standing:
  """The newest checkpoint, or the initial state where there is none."""
  state = parallel.replicate(state)
  fresh = Standing(state, _copy(state), {})
  restored = checkpoints.restore(fresh._asdict()) if checkpoints else None
  return Standing(**restored) if restored else fresh


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


def _assess(
  predict: evaluate.PredictAllFn,
  pair: DomainPair,
  validation: Examples | None,
  journal: Journal,
  now: Standing,
) -> Standing:
  """Evaluates; takes the state as selected if the validation says so.

  Equal validation accuracy counts as better: source validation saturates
  early, and of equals the longest adapted is wanted.
  """
  journal.settle()
  record, selected = dict(now.record), now.selected
  result = {'step': int(now.state.step)}
  if validation is not None:
    result['validation_accuracy'] = evaluate.accuracy(
      predict, now.state, validation
    )
  result['target_accuracy'] = evaluate.accuracy(
    predict, now.state, pair.target_test
  )
  record['last'] = result
  record.setdefault('first', result)
  best = record.get('selected')
  if (
    validation is None
    or best is None
    or (result['validation_accuracy'] >= best['validation_accuracy'])
  ):
    record['selected'], selected = result, _copy(now.state)
  oracle = record.get('oracle')
  if oracle is None or result['target_accuracy'] > oracle['target_accuracy']:
    record['oracle'] = result
  journal.evaluation(result)
  return Standing(now.state, selected, record)


def _copy(state: State) -> State:
  """A copy that outlives the donation of the original."""
  return jax.tree.map(jnp.copy, state)
