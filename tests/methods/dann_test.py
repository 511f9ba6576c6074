"""One DANN step against the two gradients written out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from da_jax import losses, methods, models
from da_jax.data import batches
from tests import toy

STRENGTH, WEIGHT, RATE = 0.3, 0.7, 0.1
MODEL, CRITIC = toy.classifier(), models.DomainCritic(widths=(8,))


def _batch():
  return batches.batch_at(
    toy.pair(), 0, batch_size=16, seed=0, target_labels=False
  )


def _forward(state, params_model, params_critic, batch):
  x = jnp.concatenate([batch['source']['x'], batch['target']['x']])
  both, _ = MODEL.apply(
    {'params': params_model, **state.variables['model']},
    x,
    train=True,
    mutable=['batch_stats'],
  )
  logits, _ = CRITIC.apply(
    {'params': params_critic, **state.variables['critic']},
    both.features,
    train=True,
    mutable=['batch_stats'],
  )
  return both, losses.domain_adversarial_loss(logits[:16], logits[16:])


@pytest.mark.parametrize('strength', [0.0, STRENGTH, 1.0])
def test_step_equals_the_two_gradient_update(strength):
  """critic descends w * domain; model descends task - strength * w * domain."""
  method = methods.dann(
    MODEL,
    CRITIC,
    optax.sgd(RATE),
    strength=lambda step: jnp.float32(strength),
    weight=WEIGHT,
  )
  batch, key = _batch(), jax.random.key(1)
  state = jax.jit(method.init)(jax.random.key(0), batch)
  after, _ = jax.jit(method.step)(state, batch, key)

  def for_model(params):
    both, domain = _forward(state, params, state.params['critic'], batch)
    task = losses.cross_entropy(both.logits[:16], batch['source']['y'])
    return task - strength * WEIGHT * domain

  def for_critic(params):
    return WEIGHT * _forward(state, state.params['model'], params, batch)[1]

  expected = {
    'model': jax.jit(jax.grad(for_model))(state.params['model']),
    'critic': jax.jit(jax.grad(for_critic))(state.params['critic']),
  }
  expected = jax.tree.map(lambda p, g: p - RATE * g, state.params, expected)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
    after.params,
    expected,
  )


def test_critic_learns_at_full_rate_while_the_reversal_is_zero():
  method = methods.dann(
    MODEL, CRITIC, optax.sgd(RATE), strength=lambda step: jnp.float32(0.0)
  )
  batch = _batch()
  state = jax.jit(method.init)(jax.random.key(0), batch)
  step = jax.jit(method.step)
  first, metrics = step(state, batch, jax.random.key(1))
  moved = jax.tree.map(
    lambda a, b: float(jnp.abs(a - b).max()),
    first.params['critic'],
    state.params['critic'],
  )
  assert max(jax.tree.leaves(moved)) > 1e-4
  for _ in range(100):
    state, metrics = step(state, batch, jax.random.key(1))
  assert metrics['domain_accuracy'] > 0.9


def test_strength_follows_the_step():
  seen = []
  method = methods.dann(
    MODEL, CRITIC, optax.sgd(RATE), strength=lambda step: step / 10.0
  )
  batch = _batch()
  state = jax.jit(method.init)(jax.random.key(0), batch)
  step = jax.jit(method.step)
  for _ in range(3):
    state, metrics = step(state, batch, jax.random.key(1))
    seen.append(float(metrics['strength']))
  np.testing.assert_allclose(seen, [0.0, 0.1, 0.2], rtol=1e-6)


def test_joint_pass_mixes_statistics_and_separate_does_not():
  """After one step the running mean tells which examples it has seen."""
  batch = _batch()

  def running_mean(passes):
    method = methods.dann(
      MODEL,
      CRITIC,
      optax.sgd(RATE),
      strength=lambda step: jnp.float32(0.0),
      passes=passes,
    )
    state = jax.jit(method.init)(jax.random.key(0), batch)
    after, _ = jax.jit(method.step)(state, batch, jax.random.key(1))
    return (
      state,
      after.variables['model']['batch_stats']['bottleneck']['bn']['mean'],
    )

  state, joint = running_mean('joint')
  _, separate = running_mean('separate')
  params = state.params['model']
  hidden = models.Mlp(widths=(16,)).apply(
    {'params': params['backbone']},
    jnp.concatenate([batch['source']['x'], batch['target']['x']]),
    train=False,
  )
  fc = params['bottleneck']['fc']
  z = hidden @ fc['kernel'] + fc['bias']
  np.testing.assert_allclose(joint, 0.1 * z.mean(axis=0), atol=1e-5)
  expected = 0.9 * 0.1 * z[:16].mean(axis=0) + 0.1 * z[16:].mean(axis=0)
  np.testing.assert_allclose(separate, expected, atol=1e-5)


def test_unknown_passes_are_named():
  method = methods.dann(
    MODEL,
    CRITIC,
    optax.sgd(RATE),
    strength=lambda step: jnp.float32(0.0),
    passes='both',
  )
  batch = _batch()
  state = method.init(jax.random.key(0), batch)
  with pytest.raises(ValueError, match="'both'"):
    method.step(state, batch, jax.random.key(1))
