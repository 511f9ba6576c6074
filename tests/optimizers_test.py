import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from da_jax import optimizers, schedules

PARAMS = {
  'model': {
    'backbone': {'conv1': {'kernel': jnp.array([1.0, -2.0])}},
    'head': {'kernel': jnp.array([0.5])},
  },
  'critic': {'kernel': jnp.array([3.0])},
}


def _run(optimizer, params, steps=5):
  state = optimizer.init(params)
  for step in range(steps):
    gradients = jax.tree.map(lambda p, s=step: jnp.cos(p + s), params)
    updates, state = optimizer.update(gradients, state, params)
    params = optax.apply_updates(params, updates)
  return params


@pytest.mark.parametrize(
  ('name', 'options'),
  [
    ('sgd', {'momentum': 0.9, 'nesterov': True, 'weight_decay': 0.1}),
    ('sgd', {'momentum': 0.9, 'nesterov': False, 'weight_decay': 0.0}),
    ('adam', {'weight_decay': 0.1}),
    ('adamw', {'weight_decay': 0.1}),
  ],
)
def test_updates_equal_torch(name, options):
  torch = pytest.importorskip('torch')
  rate = 0.05
  ours = optimizers.OPTIMIZERS[name](schedules.constant(rate), **options)
  got = _run(ours, jnp.array([1.0, -2.0, 0.3]))
  x = torch.tensor([1.0, -2.0, 0.3], requires_grad=True)
  make = {'sgd': 'SGD', 'adam': 'Adam', 'adamw': 'AdamW'}[name]
  theirs = getattr(torch.optim, make)([x], lr=rate, **options)
  for step in range(5):
    x.grad = torch.cos(x.detach() + step)
    theirs.step()
  np.testing.assert_allclose(got, x.detach().numpy(), rtol=1e-5)


def test_parts_have_their_own_rates_and_frozen_ones_none():
  plain = optimizers.sgd(schedules.constant(0.1))
  by_part = optimizers.by_part(
    plain, rate_scales={'model/backbone': 0.1}, frozen=('critic',)
  )
  state = by_part.init(PARAMS)
  gradients = jax.tree.map(jnp.ones_like, PARAMS)
  updates, _ = by_part.update(gradients, state, PARAMS)
  full, _ = plain.update(gradients, plain.init(PARAMS), PARAMS)
  scaled = jax.tree.map(lambda u: 0.1 * u, full['model']['backbone'])
  jax.tree.map(np.testing.assert_allclose, updates['model']['backbone'], scaled)
  assert updates['model']['head'] == full['model']['head']
  np.testing.assert_array_equal(updates['critic']['kernel'], 0)


def test_frozen_wins_and_prefixes_end_at_a_name():
  by_part = optimizers.by_part(
    optimizers.sgd(schedules.constant(0.1)),
    rate_scales={'model/backbone': 0.1},
    frozen=('model/backbone/conv1', 'model/hea'),
  )
  gradients = jax.tree.map(jnp.ones_like, PARAMS)
  updates, _ = by_part.update(gradients, by_part.init(PARAMS), PARAMS)
  np.testing.assert_array_equal(
    updates['model']['backbone']['conv1']['kernel'], 0
  )
  assert updates['model']['head']['kernel'] != 0


def test_parts_that_start_late_keep_their_own_rate():
  by_part = optimizers.by_part(
    optimizers.sgd(schedules.constant(0.1), momentum=0.0),
    rate_scales={'model/backbone': 0.5},
    unfrozen_at={'model/backbone/conv1': 2, 'critic': 1},
  )
  gradients = jax.tree.map(jnp.ones_like, PARAMS)
  state, seen = by_part.init(PARAMS), []
  for _ in range(3):
    updates, state = by_part.update(gradients, state, PARAMS)
    model = updates['model']
    entries = (model['backbone']['conv1']['kernel'], model['head']['kernel'])
    seen.append([float(u[0]) for u in (*entries, updates['critic']['kernel'])])
  np.testing.assert_allclose(
    seen, [[0, -0.1, 0], [0, -0.1, -0.1], [-0.05, -0.1, -0.1]]
  )


def test_schedules_count_the_updates():
  rate = schedules.inverse_decay(0.1, gamma=1.0)
  optimizer = optimizers.sgd(rate, momentum=0.0)
  x, state = jnp.zeros(()), optimizer.init(jnp.zeros(()))
  for step in range(4):
    update, state = optimizer.update(jnp.ones(()), state, x)
    np.testing.assert_allclose(update, -0.1 * (1 + step) ** -0.75, rtol=1e-6)
