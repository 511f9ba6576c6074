"""The order of the data as a pure function of the step: nothing to restore."""

import functools

import numpy as np

from da_jax.errors import UserError


def batch_indices(
  n: int,
  batch_size: int,
  step: int,
  seed: int,
  stream: int,
  domain: str = 'the domain',
) -> np.ndarray:
  """Says which examples make up the batch of a step.

  An epoch is `n // batch_size` batches of one permutation; what remains of it
  is dropped, others in every epoch.

  Args:
    n: examples there are.
    batch_size: examples to take.
    step: counts batches from 0, through all epochs.
    seed: of the run.
    stream: tells apart the orders of one run (source, target, ...).
    domain: what to call the data in an error.

  Returns:
    int64 [batch_size], without repetition.

  Raises:
    UserError: a batch needs more examples than there are.
  """
  if batch_size > n:
    raise UserError(
      f'the batch is larger than the data: --batch_size={batch_size}, but'
      f' {domain} has {n} examples.'
    )
  epoch, batch = divmod(step, n // batch_size)
  start = batch * batch_size
  order = _permutation(n, seed, stream, epoch)
  return order[start : start + batch_size].copy()


# O(n) once an epoch: every order in use keeps its permutation.
@functools.lru_cache(maxsize=16)
def _permutation(n: int, seed: int, stream: int, epoch: int) -> np.ndarray:
  entropy = np.random.SeedSequence((seed, stream, epoch))
  philox = np.random.Philox(key=entropy.generate_state(2, np.uint64))
  return np.random.Generator(philox).permutation(n)
