"""Stochastic depth is torchvision's: its rates, and what it does to a row."""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from da_jax import models
from da_jax.models import convnext

KEY = jax.random.key(0)


def test_rates_are_torchvisions(torchvision):
  depth = torchvision.ops.StochasticDepth
  net = torchvision.models.convnext_tiny()
  theirs = [m.p for m in net.modules() if isinstance(m, depth)]
  ours = []

  def record(call, args, kwargs, context):
    if isinstance(context.module, nn.Dropout):
      ours.append(context.module.rate)
    return call(*args, **kwargs)

  backbone, x = models.BACKBONES['convnext_tiny'](), jnp.zeros((1, 32, 32, 3))
  with nn.intercept_methods(record):
    jax.eval_shape(lambda: backbone.init(KEY, x, False))
  np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_rows_are_dropped_whole_and_rescaled():
  block = convnext.Block(0.25, jnp.float32)
  x = jax.random.normal(KEY, (64, 3, 3, 8))
  variables = jax.jit(lambda: block.init(KEY, x, False))()
  variables = jax.tree.map(lambda v: v + 0.1, variables)
  apply = jax.jit(block.apply, static_argnums=2)
  branch = apply(variables, x, False) - x
  trained = apply(variables, x, True, rngs={'dropout': KEY})
  dropped = (trained == x).all((1, 2, 3))
  assert 0.1 < dropped.mean() < 0.4
  expected = x + branch / 0.75 * ~dropped[:, None, None, None]
  np.testing.assert_allclose(trained, expected, atol=1e-5)
