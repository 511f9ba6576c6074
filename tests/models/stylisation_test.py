"""Stylised stems of real backbones, whose maps are computed beside them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import models
from da_jax.errors import UserError
from da_jax.models import stylisation
from tests import toy

RNG = np.random.default_rng(0)
X = jnp.float32(RNG.normal(size=(10, 9, 9, 3)))
N = 6  # of the source
KEY = jax.random.key(1)


def _model(backbone=None, **options):
  make = models.BACKBONES[backbone] if backbone else toy.Convolutions
  return models.Classifier(make(**options), 3, bottleneck=4)


def _variables(model, x=X):
  return jax.jit(lambda x: model.init(jax.random.key(0), x, train=False))(x)


def _pass(model, variables, share, source_rows=N, key=KEY):
  """The model's logits, and the stem's maps where they were changed."""
  with stylisation.stylised(model.backbone, key, share) as changed:
    if source_rows is None:
      output = model.apply(variables, X, train=False)
    else:
      with stylisation.joint_pass(source_rows):
        output = model.apply(variables, X, train=False)
  return output.logits, changed


def _adain(x, y):
  std = lambda maps: np.sqrt(maps.var((0, 1)) + 1e-5)
  return std(y) * (x - x.mean((0, 1))) / std(x) + y.mean((0, 1))


def _stem(model, variables):
  _, changed = _pass(model, variables, 0.0)
  return np.asarray(changed[0])


def test_every_source_example_has_the_statistics_of_some_target_example():
  model = _model()
  variables = _variables(model)
  maps = _stem(model, variables)
  _, (styled,) = _pass(model, variables, 1.0)
  np.testing.assert_array_equal(styled[N:], maps[N:])
  drawn = set()
  for i in range(N):
    fits = [
      np.allclose(styled[i], _adain(maps[i], maps[j]), atol=1e-4)
      for j in range(N, len(X))
    ]
    assert sum(fits) == 1
    drawn.add(fits.index(True))
  assert len(drawn) > 1


def test_stem_is_the_normalised_convolution_of_the_pixels():
  model = _model()
  variables = _variables(model)
  conv = variables['params']['backbone']['conv1']
  expected = jax.lax.conv_general_dilated(
    X,
    conv['kernel'],
    (1, 1),
    'VALID',
    dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
  )
  maps = _stem(model, variables)
  expected = (expected + conv['bias']) / np.sqrt(1 + 1e-5)  # as initialised
  np.testing.assert_allclose(maps, expected, atol=1e-4)


def test_share_is_the_probability_of_an_example():
  model = _model()
  variables = _variables(model)
  maps, count = _stem(model, variables), 0
  for seed in range(30):
    _, (y,) = _pass(model, variables, 0.3, key=jax.random.key(seed))
    count += np.any(np.asarray(y[:N]) != maps[:N], axis=(1, 2, 3)).sum()
  assert 0.2 < count / (30 * N) < 0.4  # 180 draws, deviation 0.034


def test_other_passes_and_a_share_of_zero_change_nothing():
  model = _model()
  variables = _variables(model)
  plain = model.apply(variables, X, train=False).logits
  alone, changed = _pass(model, variables, 1.0, source_rows=None)
  assert not changed
  np.testing.assert_array_equal(alone, plain)
  np.testing.assert_array_equal(_pass(model, variables, 0.0)[0], plain)
  assert np.any(np.asarray(_pass(model, variables, 1.0)[0][:N] != plain[:N]))


def test_no_gradient_reaches_the_style():
  model = _model()
  variables = _variables(model)

  def of_source(x):
    with (
      stylisation.stylised(model.backbone, KEY, 1.0),
      stylisation.joint_pass(N),
    ):
      return model.apply(variables, x, train=False).logits[:N].sum()

  gradient = jax.jit(jax.grad(of_source))(X)
  assert np.all(np.asarray(gradient[N:]) == 0)
  assert np.all(np.isfinite(gradient))
  assert np.any(np.asarray(gradient[:N]) != 0)


@pytest.mark.parametrize(
  ('backbone', 'channels'),
  [
    ('dtn', 64),
    ('resnet18', 64),
    ('squeezenet1_1', 64),
    ('cifar_resnet20', 16),
    ('mobilenet_v1', 32),
    ('mobilenet_v2', 32),
    ('convnext_tiny', 96),
    ('vgg16', 64),
    ('alexnet', 64),
  ],
)
def test_backbones_of_images_have_a_stem(backbone, channels):
  model = _model(backbone)
  x = jax.ShapeDtypeStruct((4, 64, 64, 3), jnp.float32)

  def stem(x):
    variables = model.init(jax.random.key(0), x, train=False)
    with (
      stylisation.stylised(model.backbone, KEY, 0.5) as changed,
      stylisation.joint_pass(2),
    ):
      model.apply(variables, x, train=False)
    assert len(changed) == 1
    return changed[0]

  assert jax.eval_shape(stem, x).shape[-1] == channels


@pytest.mark.parametrize(
  ('backbone', 'shape'),
  [('mlp', (4, 5)), ('vit_s16', (4, 32, 32, 3)), ('conv1d', (4, 9, 2))],
)
def test_backbones_without_maps_are_named(backbone, shape):
  model = _model(backbone)
  x = jax.ShapeDtypeStruct(shape, jnp.float32)

  def run(x):
    variables = model.init(jax.random.key(0), x, train=False)
    with (
      stylisation.stylised(model.backbone, KEY, 0.5),
      stylisation.joint_pass(2),
    ):
      model.apply(variables, x, train=False)

  with pytest.raises(
    UserError, match=f'{type(model.backbone).__name__} has no'
  ):
    jax.eval_shape(run, x)


def test_bfloat16_stays():
  model = _model(dtype=jnp.bfloat16)
  _, (maps,) = _pass(model, _variables(model), 1.0)
  assert maps.dtype == jnp.bfloat16


def test_cached_features_have_no_maps():
  with (
    pytest.raises(UserError, match='--cache_features'),
    stylisation.stylised(models.Identity(), KEY, 0.5),
  ):
    pass
