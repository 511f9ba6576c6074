import numpy as np
import pytest

from da_jax.data import order
from da_jax.errors import UserError


def _epoch(epoch, n=23, batch_size=5, **kwargs):
  settings = {'seed': 3, 'stream': 0} | kwargs
  per_epoch = n // batch_size
  steps = range(epoch * per_epoch, (epoch + 1) * per_epoch)
  return np.concatenate(
    [order.batch_indices(n, batch_size, step, **settings) for step in steps]
  )


def test_an_epoch_repeats_nothing_and_drops_the_remainder():
  for epoch in range(4):
    indices = _epoch(epoch)
    assert indices.dtype == np.int64
    assert len(np.unique(indices)) == 20
    assert indices.min() >= 0
    assert indices.max() < 23


def test_an_epoch_of_whole_batches_is_a_permutation():
  np.testing.assert_array_equal(np.sort(_epoch(2, n=20)), np.arange(20))


def test_every_epoch_has_its_own_order_and_remainder():
  epochs = [_epoch(epoch) for epoch in range(8)]
  assert len({tuple(indices) for indices in epochs}) == 8
  assert len({frozenset(range(23)) - frozenset(e) for e in epochs}) > 1


def test_is_a_function_of_seed_and_step_alone():
  forwards = [order.batch_indices(23, 5, s, 3, 0) for s in range(12)]
  order._permutation.cache_clear()
  backwards = [order.batch_indices(23, 5, s, 3, 0) for s in range(11, -1, -1)]
  np.testing.assert_array_equal(forwards, backwards[::-1])


def test_seeds_and_streams_differ():
  orders = [
    _epoch(0, seed=0, stream=1),
    _epoch(0, seed=1, stream=0),
    _epoch(0, seed=0, stream=0),
  ]
  assert len({tuple(indices) for indices in orders}) == 3


def test_writing_to_a_batch_leaves_the_order_alone():
  before = order.batch_indices(23, 5, 0, 3, 0)
  order.batch_indices(23, 5, 0, 3, 0)[:] = -1
  np.testing.assert_array_equal(order.batch_indices(23, 5, 0, 3, 0), before)


def test_the_order_of_a_seed_stays_what_it_was():
  np.testing.assert_array_equal(
    order.batch_indices(10, 5, 0, 0, 0), [8, 0, 3, 7, 6]
  )


def test_a_batch_larger_than_the_data_is_refused():
  with pytest.raises(UserError, match=r'batch_size=6, but dslr has 5 examples'):
    order.batch_indices(5, 6, 0, 0, 0, 'dslr')
