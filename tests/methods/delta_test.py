"""One step of DELTA against its formula."""

import jax
import jax.numpy as jnp
import numpy as np

from da_jax import losses
from da_jax.methods import lp_ft
from da_jax.methods.delta import delta
from tests import toy
from tests.methods.one_step import (
  MODEL,
  SGD,
  batch,
  begun,
  epoch,
  metrics_of,
)


def test_delta_compares_maps_with_the_start_by_its_attention():
  options = {'pretrained': ('backbone', 'bottleneck', 'head'), 'alpha': 1.0}
  method = delta(MODEL, SGD, **options)
  state, moved = begun(method)
  (name, attention), *others = state.variables['attention'].items()
  assert name == 'fc1' and not others
  np.testing.assert_allclose(attention.sum(), 1, rtol=1e-5)
  assert attention.max() > 1.2 * attention.min()
  x = batch()['target']['x']
  maps = lambda s: (
    x @ s.params['model']['backbone']['fc1']['kernel']
    + (s.params['model']['backbone']['fc1']['bias'])
  )
  squares = np.asarray((maps(moved) - maps(state)) ** 2, np.float64)
  expected = 0.5 * 16 * np.sum(squares @ np.asarray(attention))
  np.testing.assert_allclose(
    metrics_of(method, moved)['penalty'], expected, rtol=1e-4
  )
  assert metrics_of(method, state)['penalty'] == 0


def test_delta_attends_to_what_the_loss_depends_on():
  """-<dL/dmap, map> is minus the derivative by a factor on the channel."""
  method = delta(MODEL, SGD, pretrained=('backbone',))
  state, _ = begun(method)
  probed = lp_ft.with_probe(method.predict, state, epoch(), toy.CLASSES)
  examples = toy.pair().target_train

  def loss(layer):
    params = {**probed.params['model'], 'backbone': {'fc1': layer}}
    collections = {'params': params, **probed.variables['model']}
    logits = MODEL.apply(collections, examples.x, train=False).logits
    return losses.cross_entropy(logits, examples.y)

  layer = probed.params['model']['backbone']['fc1']
  slopes = jax.tree.map(jnp.multiply, layer, jax.grad(loss)(layer))
  rise = -np.asarray(slopes['kernel'].sum(0) + slopes['bias'], np.float64)
  scores = np.exp((rise - rise.mean()) / rise.std() / 5)
  np.testing.assert_allclose(
    state.variables['attention']['fc1'], scores / scores.sum(), rtol=1e-3
  )
