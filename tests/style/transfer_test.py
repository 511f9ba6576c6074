"""Transfer with random networks, and with a real one where it is there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax.data.normalisation import CAFFE, HALF, IMAGENET
from da_jax.errors import DivergedError, UserError
from da_jax.style import network, transfer

RNG = np.random.default_rng(0)
CONTENT = RNG.integers(0, 256, (1, 10, 12, 3)).astype(np.uint8)
STYLE = np.full((1, 9, 8, 3), [250, 120, 10], np.uint8)
KERNEL = jnp.float32(RNG.normal(size=(3, 4)))
WEIGHTS = transfer.Weights(1.0, 10.0, 0.5)


def _network(normalisation=HALF):
  """Two layers of 1x1 convolutions, the second half as fine."""

  def features(x):
    one = jax.nn.relu(x @ KERNEL)
    return {'one': one, 'two': one[:, ::2, ::2] ** 2}

  layers = network.Layers({'two': 1.0}, {'one': 0.25, 'two': 0.75})
  return network.Network(features, normalisation, layers)


def _slow_gram(maps):
  rows = np.asarray(maps, np.float64).reshape(-1, maps.shape[-1])
  return rows.T @ rows / rows.size


@pytest.mark.parametrize('normalisation', [IMAGENET, CAFFE])
def test_objective_equals_numpy(normalisation):
  net = _network(normalisation)
  x = jnp.float32(RNG.normal(size=CONTENT.shape))
  loss = transfer.objective(net, CONTENT, STYLE, WEIGHTS)
  total, parts = jax.jit(loss)(x)
  of_x = net.features(x)
  of_content = net.features(normalisation(CONTENT))
  of_style = net.features(normalisation(STYLE))
  two = np.float64(of_content['two'])
  content = np.mean((of_x['two'] - two) ** 2) / np.mean(two**2)
  style = 0.0
  for name, weight in (('one', 0.25), ('two', 0.75)):
    wanted = _slow_gram(of_style[name])
    difference = _slow_gram(of_x[name]) - wanted
    style += weight * (difference**2).sum() / (wanted**2).sum()
  # Pixels from 0 to 1 in either order of channels.
  pixels = np.asarray(normalisation.inverse(x)) / 255
  steps = (np.diff(pixels, axis=1) ** 2).sum()
  steps += (np.diff(pixels, axis=2) ** 2).sum()
  variation = steps / pixels.size
  np.testing.assert_allclose(parts['content'], content, rtol=1e-4)
  np.testing.assert_allclose(parts['style'], style, rtol=1e-4)
  np.testing.assert_allclose(parts['tv'], variation, rtol=1e-4)
  expected = content + 10 * style + 0.5 * variation
  np.testing.assert_allclose(total, expected, rtol=1e-4)


@pytest.mark.parametrize('normalisation', [HALF, IMAGENET, CAFFE])
def test_normalisation_is_undone(normalisation):
  pixels = normalisation.inverse(normalisation(CONTENT))
  np.testing.assert_allclose(pixels, CONTENT, atol=1e-3)


@pytest.mark.parametrize('name', transfer.OPTIMIZERS)
def test_loss_falls(name):
  net = _network()
  loss = transfer.objective(net, CONTENT, STYLE, WEIGHTS)
  optimizer = transfer.optimizer(name, 0.05, net.normalisation)
  x = net.normalisation(CONTENT)
  steps = list(transfer.minimise(loss, x, optimizer, 30))
  assert [now.step for now in steps] == list(range(1, 31))
  assert steps[0].loss == pytest.approx(float(loss(x)[0]), rel=1e-5)
  assert steps[-1].loss < 0.5 * steps[0].loss
  if name == 'lbfgs':  # its line search never rises
    losses = [now.loss for now in steps]
    assert losses == sorted(losses, reverse=True)
  before_last = float(loss(steps[-2].x)[0])
  assert steps[-1].loss == pytest.approx(before_last, rel=1e-4)


def test_quadratic_is_solved_by_lbfgs():
  target = jnp.float32(RNG.normal(size=(1, 4, 4, 3)))
  scale = jnp.float32(RNG.uniform(0.1, 10, size=(1, 4, 4, 3)))
  loss = lambda x: (jnp.sum(scale * (x - target) ** 2), {})
  optimizer = transfer.optimizer('lbfgs', 0.0, HALF)
  *_, last = transfer.minimise(loss, jnp.zeros_like(target), optimizer, 60)
  np.testing.assert_allclose(last.x, target, atol=1e-3)


def test_first_step_of_adam_is_the_rate_of_the_range():
  loss = lambda x: (jnp.sum(x), {})
  for normalisation in (HALF, CAFFE):
    optimizer = transfer.optimizer('adam', 0.1, normalisation)
    x = normalisation(CONTENT)
    now = next(transfer.minimise(loss, x, optimizer, 1))
    moved = normalisation.inverse(now.x) - CONTENT
    np.testing.assert_allclose(moved, -25.5, rtol=1e-3)


def test_divergence_is_said():
  loss = lambda x: (jnp.sum(x) * jnp.nan, {})
  optimizer = transfer.optimizer('adam', 0.1, HALF)
  with pytest.raises(DivergedError, match='nan at step 1'):
    list(transfer.minimise(loss, jnp.zeros((1, 2, 2, 3)), optimizer, 3))


def test_start_is_the_content_or_noise():
  assert transfer.start('content', CONTENT) is CONTENT
  noise = transfer.start('noise', CONTENT, 1)
  assert noise.shape == CONTENT.shape
  assert abs(noise.mean() - 127.5) < 20
  np.testing.assert_array_equal(noise, transfer.start('noise', CONTENT, 1))
  assert np.any(noise != transfer.start('noise', CONTENT, 2))


@pytest.mark.parametrize(
  'backbone',
  [pytest.param('vgg16', marks=pytest.mark.slow), 'squeezenet1_1'],
)
def test_loaded_network_is_the_module(backbone, random_weights):
  path, module, variables = random_weights(backbone)
  net = network.load(backbone, path)
  x = jnp.float32(RNG.normal(size=(1, 40, 32, 3)))
  found = jax.jit(net.features)(x)
  names = {*net.layers.content, *net.layers.style}
  expected = module.apply(variables, x, names, method='activations')
  assert set(found) == names
  for name in names:
    np.testing.assert_allclose(found[name], expected[name], atol=1e-4)
  assert net.normalisation == IMAGENET


def test_layers_above_those_wanted_may_be_in_the_file(random_weights):
  path, _, _ = random_weights('squeezenet1_1')
  few = network.Layers({'fire2': 1.0}, {'conv1': 1.0})
  net = network.load('squeezenet1_1', path, few)
  assert set(net.features(jnp.zeros((1, 32, 32, 3)))) == {'fire2', 'conv1'}


def test_weights_of_another_network_are_named(random_weights):
  path, _, _ = random_weights('squeezenet1_1')
  with pytest.raises(UserError, match=r'squeezenet1_1\.safetensors.*fit'):
    network.load('vgg16', path)


@pytest.mark.slow
def test_real_network_brings_the_style_down(real_data):
  from sklearn.datasets import load_sample_images

  weights = real_data('weights') / 'weights'
  content, style = (
    image[None, ::4, ::4][:, :96, :128] for image in load_sample_images().images
  )
  net = network.load(
    'squeezenet1_1', weights / 'squeezenet_v1.1_notop_imagenet.npz'
  )
  assert net.normalisation == CAFFE
  loss = transfer.objective(net, content, style, transfer.Weights())
  x = net.normalisation(content)
  optimizer = transfer.optimizer('lbfgs', 0.0, net.normalisation)
  *_, last = transfer.minimise(loss, x, optimizer, 150)
  parts = jax.jit(lambda x: loss(x)[1])
  before, after = parts(x), parts(last.x)
  assert after['style'] < before['style'] / 10
  assert after['content'] > before['content']
