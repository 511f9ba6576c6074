import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from da_jax import methods, models, optimizers, schedules
from da_jax.methods import ulmfit

STEPS, RATE = 10, 0.1
BACKBONE = models.Dtn()  # depths: stem, stage1, stage2, stage3
FIRST = {'fc1': 2, 'conv3': 4, 'conv2': 6, 'conv1': 8}


def test_depths_are_unfrozen_one_by_one_from_the_top():
  first = ulmfit.unfreezing_steps(BACKBONE, STEPS)
  for module, step in FIRST.items():
    assert first[f'model/backbone/{module}'] == step
  assert first['model/backbone/bn1'] == 8 and len(first) == 8


def test_rates_fall_by_depth():
  rates = ulmfit.discriminative_rates(BACKBONE)
  assert rates['model/backbone/fc1'] == 1 / 2.6
  np.testing.assert_allclose(rates['model/backbone/conv1'], 2.6**-4)


@pytest.mark.slow
def test_frozen_depths_stand_still_until_their_step():
  first = ulmfit.unfreezing_steps(BACKBONE, STEPS)
  model = models.Classifier(BACKBONE, 3, bottleneck=4)
  optimizer = optimizers.by_part(
    optimizers.sgd(schedules.constant(RATE), weight_decay=0.1),
    unfrozen_at=first,
  )
  method = ulmfit.gradual(methods.finetune(model, optimizer), first)
  x = np.random.default_rng(0).normal(size=(6, 32, 32, 1)).astype(np.float32)
  batch = {'target': {'x': x, 'y': jnp.arange(6) % 3}}
  state = jax.jit(method.init)(jax.random.key(0), batch)
  step = jax.jit(method.step)
  for number in range(STEPS):
    after, _ = step(state, batch, jax.random.key(number))
    for part in ('params', 'batch_stats'):
      before, now = (
        (s.params if part == 'params' else s.variables)['model']
        for s in (state, after)
      )
      if part == 'batch_stats':
        before, now = before[part], now[part]
      for module, old in before['backbone'].items():
        moved = any(
          np.any(a != b)
          for a, b in zip(
            jax.tree.leaves(old),
            jax.tree.leaves(now['backbone'][module]),
            strict=True,
          )
        )
        expected = number >= first[f'model/backbone/{module}']
        assert moved == expected, (number, part, module)
      assert np.any(
        before['bottleneck']['bn'][{'params': 'bias'}.get(part, 'mean')]
        != now['bottleneck']['bn'][{'params': 'bias'}.get(part, 'mean')]
      )
    state = after


@pytest.mark.parametrize('name', ['sgd', 'adam', 'adamw'])
def test_a_late_start_is_a_fresh_one_at_the_runs_learning_rate(name):
  rate = schedules.cosine_decay(0.1, 10)
  make = optimizers.OPTIMIZERS[name]
  late = optimizers.starting_at(make(rate, weight_decay=0.1), 3)
  fresh = make(lambda step: rate(step + 3), weight_decay=0.1)
  gradient = lambda step: jnp.cos(jnp.arange(3.0) + step)
  params = expected = jnp.array([1.0, -2.0, 0.5])
  state, other = late.init(params), fresh.init(params)
  for step in range(8):
    updates, state = late.update(gradient(step), state, params)
    params = optax.apply_updates(params, updates)
    if step < 3:
      np.testing.assert_array_equal(updates, 0)
      continue
    updates, other = fresh.update(gradient(step), other, expected)
    expected = optax.apply_updates(expected, updates)
    np.testing.assert_allclose(params, expected, rtol=1e-6)
