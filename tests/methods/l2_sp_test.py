"""One step of L2-SP against its formula."""

import jax
import jax.numpy as jnp
import numpy as np

from da_jax.methods.l2_sp import l2_sp
from tests.methods.one_step import (
  MODEL,
  SGD,
  begun,
  flat,
  metrics_of,
  stepped,
)


def test_l2_sp_pulls_old_parts_to_the_start_and_new_ones_to_zero():
  method = l2_sp(MODEL, SGD, pretrained=('backbone',), alpha=0.3, beta=0.2)
  state, moved = begun(method)
  before, now = state.params['model'], moved.params['model']
  far = flat(now['backbone']) - flat(before['backbone'])
  new = flat([now['bottleneck'], now['head']])
  expected = 0.15 * far @ far + 0.1 * new @ new
  metrics = metrics_of(method, moved)
  np.testing.assert_allclose(metrics['penalty'], expected, rtol=1e-5)
  np.testing.assert_allclose(
    metrics['loss'], metrics['target_loss'] + metrics['penalty'], rtol=1e-6
  )


def test_l2_sp_gradient_is_added_to_the_cross_entropys():
  options = {'pretrained': ('backbone',), 'beta': 0.0}
  with_term = l2_sp(MODEL, SGD, alpha=0.3, **options)
  without = l2_sp(MODEL, SGD, alpha=0.0, **options)
  state, moved = begun(with_term)
  step = lambda method: stepped(method, moved)[0].params
  difference = jax.tree.map(jnp.subtract, step(without), step(with_term))
  far = jax.tree.map(jnp.subtract, moved.params, state.params)['model']
  np.testing.assert_allclose(
    flat(difference['model']['backbone']),
    0.1 * 0.3 * flat(far['backbone']),
    atol=1e-6,
  )
  assert not np.any(flat(difference['model']['head']))
