"""Trainings of the toy, and signals that stop them."""

import signal
import time

import jax
import numpy as np

from da_jax import journal, train
from da_jax.data import batches
from da_jax.selection import VALIDATORS
from tests import toy

OPTIONS = {'batch_size': 16, 'eval_every': 10, 'checkpoint_every': 7}
DROPOUT = toy.all_methods(dropout=0.5)


def run(name='dann', workdir=None, steps=24, pair=None, **options):
  return train.train(
    DROPOUT[name],
    pair or toy.pair(),
    steps=steps,
    workdir=workdir,
    target_labels=name in toy.SUPERVISED,
    quiet=True,
    **{**OPTIONS, **options},
  )


def assert_same(a, b):
  jax.tree.map(np.testing.assert_array_equal, a, b)


def stop_at(monkeypatch, stop: int):
  """A SIGTERM that arrives while step `stop` is dispatched."""
  original = journal.Journal.step

  def step(self, number, values):
    if number == stop:
      signal.raise_signal(signal.SIGTERM)
    original(self, number, values)

  monkeypatch.setattr(journal.Journal, 'step', step)


def patient(accuracies, monkeypatch, **options):
  """A run whose scores are given, in order."""
  given = iter(accuracies)
  with monkeypatch.context() as patch:
    patch.setitem(VALIDATORS, 'source_accuracy', lambda evidence: next(given))
    return run(
      'source_only',
      steps=24,
      select='source_accuracy',
      **{'eval_every': 3, 'patience': 2, **options},
    )


def slow(seconds):
  """`batches.batches`, each of which takes longer."""
  original = batches.batches

  def slow(*args, **kwargs):
    for batch in original(*args, **kwargs):
      time.sleep(seconds)
      yield batch

  return slow
