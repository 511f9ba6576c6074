import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import methods, models, optimizers, schedules
from da_jax.methods.freezing import frozen_parts


@pytest.mark.parametrize(
  'count', [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (0, 2, 3))]
)
def test_frozen_depths_keep_parameters_and_statistics(count):
  backbone = models.Dtn(frozen=count)
  model = models.Classifier(backbone, 3, bottleneck=4)
  optimizer = optimizers.by_part(
    optimizers.sgd(schedules.constant(0.1), weight_decay=0.1),
    frozen=frozen_parts(backbone, count),
  )
  method = methods.finetune(model, optimizer)
  x = np.random.default_rng(0).normal(size=(8, 32, 32, 3)).astype(np.float32)
  batch = {'target': {'x': x, 'y': jnp.arange(8) % 3}}
  state = jax.jit(method.init)(jax.random.key(0), batch)
  after, _ = jax.jit(method.step)(state, batch, jax.random.key(1))

  def changed(before, now):
    pairs = zip(jax.tree.leaves(before), jax.tree.leaves(now), strict=True)
    return any(bool(np.any(a != b)) for a, b in pairs)

  for depth, (_, modules) in enumerate(backbone.depths):
    for module in modules:
      for tree, tree_after in (
        (state.params['model'], after.params['model']),
        (
          state.variables['model']['batch_stats'],
          after.variables['model']['batch_stats'],
        ),
      ):
        if module in tree['backbone']:
          moved = changed(
            tree['backbone'][module], tree_after['backbone'][module]
          )
          assert moved == (depth >= count), (module, count)
  assert changed(state.params['model']['head'], after.params['model']['head'])
