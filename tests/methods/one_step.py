"""One step of a regulariser, from a known start."""

import jax
import numpy as np
import optax

from da_jax.data import batches
from tests import toy

MODEL, SGD, SOURCE_CLASSES = toy.classifier(), optax.sgd(0.1), 5


def epoch():
  return batches.epoch(toy.pair(), batch_size=32, seed=0, target_labels=True)


def batch():
  return next(epoch())


def begun(method):
  """A new run's state, and one whose model has moved since."""
  state = jax.jit(method.init)(jax.random.key(0), batch())
  state = method.begin(state, epoch(), jax.random.key(1))
  moved = jax.tree.map(lambda w: 1.1 * w + 0.01, state.params)
  return state, state._replace(params=moved)


def stepped(method, state):
  """The state after the step and its metrics; compiled, which is cheaper."""
  return jax.jit(method.step)(state, batch(), jax.random.key(2))


def metrics_of(method, state):
  return stepped(method, state)[1]


def flat(tree):
  leaves = jax.tree.leaves(jax.device_get(tree))
  return np.concatenate([np.ravel(x) for x in leaves]).astype(np.float64)
