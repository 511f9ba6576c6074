"""Every backbone, the classifier and the critic against one contract."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import models

KEY = jax.random.key(0)
SEQUENCE = ('conv1d', 'lstm', 'transformer')
SHAPES = {
  'mlp': (4, 6),
  'lenet': (4, 28, 28, 1),
  'dtn': (4, 32, 32, 3),
  'alexnet': (4, 64, 64, 3),
  **dict.fromkeys(SEQUENCE, (4, 12, 3)),
}
WIDTHS = {
  'mlp': 256,
  'lenet': 500,
  'dtn': 512,
  'resnet18': 512,
  'resnet34': 512,
  'resnet50': 2048,
  'resnet101': 2048,
  'conv1d': 128,
  'lstm': 128,
  'transformer': 128,
  'resnet152': 2048,
  'resnext50': 2048,
  'wide_resnet50': 2048,
  'cifar_resnet20': 64,
  'cifar_resnet56': 64,
  'alexnet': 4096,
  'vgg16': 4096,
  'vgg19': 4096,
  'squeezenet1_1': 512,
  'mobilenet_v1': 1024,
  'mobilenet_v1_075': 768,
  'mobilenet_v2': 1280,
  'vit_s16': 384,
  'vit_b16': 768,
  'convnext_tiny': 768,
}
# Published numbers of parameters (torchvision's; for CIFAR the table of
# akamaster; of MobileNetV1 Keras's; of ViT-S timm's) without the
# classification layer.
SIZES = {
  'resnet18': 11_176_512,
  'resnet50': 23_508_032,
  'resnext50': 25_028_904 - 2_049_000,
  'wide_resnet50': 68_883_240 - 2_049_000,
  'cifar_resnet20': 269_722 - 650,
  'cifar_resnet56': 853_018 - 650,
  'alexnet': 61_100_840 - 4_097_000,
  'vgg16': 138_357_544 - 4_097_000,
  'vgg19': 143_667_240 - 4_097_000,
  'squeezenet1_1': 1_235_496 - 513_000,
  'mobilenet_v1': 4_231_976 - 1_025_000,
  'mobilenet_v2': 3_504_872 - 1_281_000,
  'vit_s16': 22_050_664 - 385_000,
  'vit_b16': 86_567_656 - 769_000,
  'convnext_tiny': 28_589_128 - 769_000,
}


def inputs(name):
  return jax.random.normal(KEY, SHAPES.get(name, (4, 32, 32, 3)))


def init(module, x):
  """Variables of plausible scale, without compiling an initialisation."""
  rng = np.random.default_rng(0)
  shapes = jax.eval_shape(lambda: module.init(KEY, x, False))

  def draw(path, leaf):
    low = 0.5 if path[-1].key in ('scale', 'var') else -0.1
    return rng.uniform(low, low + 0.2, leaf.shape).astype(leaf.dtype)

  return jax.tree_util.tree_map_with_path(draw, shapes)


def run(module, variables, x, train, seed=0):
  """One jitted application: (output, updated collections)."""
  keys = {'dropout': jax.random.key(seed)}
  apply = lambda v, x: module.apply(
    v, x, train, mutable=['batch_stats'], rngs=keys
  )
  return jax.jit(apply)(variables, x)


@pytest.mark.parametrize('name', models.BACKBONES)
def test_shapes_dtypes_and_depths(name):
  x = inputs(name)
  backbone = models.BACKBONES[name](dtype=jnp.bfloat16, frozen=1)
  variables = jax.eval_shape(lambda: backbone.init(KEY, x, False))
  assert {v.dtype for v in jax.tree.leaves(variables)} == {jnp.dtype('float32')}
  features = jax.eval_shape(lambda v: backbone.apply(v, x, False), variables)
  assert features.shape == (4, WIDTHS[name])
  assert features.dtype == jnp.float32
  named = [part for _, parts in backbone.depths for part in parts]
  assert sorted(named) == sorted(variables['params'])
  size = sum(v.size for v in jax.tree.leaves(variables['params']))
  assert size == SIZES.get(name, size)


@pytest.mark.parametrize('name,side', [('lenet', 32), ('dtn', 28)])
def test_digits_take_both_sizes_and_colours(name, side):
  backbone = models.BACKBONES[name]()
  for channels in (1, 3):
    x = jnp.zeros((2, side, side, channels))
    make = lambda x: backbone.init_with_output(KEY, x, False)
    out, _ = jax.eval_shape(make, x)
    assert out.shape == (2, WIDTHS[name])


@pytest.mark.parametrize(
  'name', ['mlp', 'lenet', 'squeezenet1_1', 'vit_s16', *SEQUENCE]
)
def test_bfloat16_is_near_float32(name):
  x = inputs(name)
  make = models.BACKBONES[name]
  variables = init(make(), x)
  exact, _ = run(make(), variables, x, False)
  rough, _ = run(make(dtype=jnp.bfloat16), variables, x, False)
  assert rough.dtype == jnp.float32
  np.testing.assert_allclose(rough, exact, atol=0.03 * np.abs(exact).max())


@pytest.mark.parametrize(
  'name',
  [
    'dtn',
    'resnet18',
    'resnet50',
    'cifar_resnet20',
    'mobilenet_v1',
    'mobilenet_v2',
    'conv1d',
  ],
)
def test_bfloat16_statistics_are_float32(name):
  x = inputs(name)
  backbone = models.BACKBONES[name](dtype=jnp.bfloat16)
  variables = jax.eval_shape(lambda: backbone.init(KEY, x, False))
  out, updated = jax.eval_shape(lambda v: run(backbone, v, x, True), variables)
  assert out.dtype == jnp.float32
  dtypes = {v.dtype for v in jax.tree.leaves(updated['batch_stats'])}
  assert dtypes == {jnp.dtype('float32')}


@pytest.mark.parametrize(
  'name',
  [
    'dtn',
    'resnet18',
    'cifar_resnet20',
    'mobilenet_v1_075',
    pytest.param('mobilenet_v2', marks=pytest.mark.slow),
    'conv1d',
  ],
)
def test_frozen_depths_keep_their_statistics(name):
  x = inputs(name)
  backbone = models.BACKBONES[name](frozen=2)
  variables = init(backbone, x)
  _, updated = run(backbone, variables, x, True)
  for depth, (_, parts) in enumerate(backbone.depths):
    for part in set(parts) & set(updated['batch_stats']):
      before = jax.tree.leaves(variables['batch_stats'][part])
      after = jax.tree.leaves(updated['batch_stats'][part])
      for old, new in zip(before, after, strict=True):
        assert (old == new).all() == (depth < 2)


@pytest.mark.parametrize(
  'name',
  [
    *('mlp', 'lenet', 'dtn', 'alexnet', *SEQUENCE),
    pytest.param('vgg16', marks=pytest.mark.slow),
    pytest.param('convnext_tiny', marks=pytest.mark.slow),
  ],
)
def test_frozen_depths_have_no_dropout(name):
  x = inputs(name)
  options = {'dropout': 0.5} if name == 'mlp' else {}
  make = models.BACKBONES[name]
  depths = len(make().depths)
  variables = init(make(), x)
  evaluated, _ = run(make(**options), variables, x, False)
  for frozen in (depths, depths - 1):
    trained, _ = run(make(frozen=frozen, **options), variables, x, True)
    assert np.allclose(trained, evaluated) == (frozen == depths)


@pytest.mark.parametrize('bottleneck,norm', [(8, True), (8, False), (0, True)])
def test_classifier_parts_and_shapes(bottleneck, norm):
  x = inputs('mlp')
  classifier = models.Classifier(
    models.Mlp((16,)), 5, bottleneck=bottleneck, bottleneck_norm=norm
  )
  variables = init(classifier, x)
  parts = {'backbone', 'head'} | ({'bottleneck'} if bottleneck else set())
  assert set(variables['params']) == parts
  assert ('batch_stats' in variables) == bool(bottleneck and norm)
  prediction, _ = run(classifier, variables, x, True)
  assert prediction.features.shape == (4, bottleneck or 16)
  head = variables['params']['head']
  np.testing.assert_allclose(
    prediction.logits,
    prediction.features @ head['kernel'] + head['bias'],
    atol=1e-5,
  )


def test_bfloat16_classifier_and_critic_return_float32():
  x = inputs('mlp')
  classifier = models.Classifier(models.Mlp(), 5, dtype=jnp.bfloat16)
  prediction, _ = run(classifier, init(classifier, x), x, True)
  critic = models.DomainCritic((8,), dtype=jnp.bfloat16)
  logits, _ = run(critic, init(critic, x), x, True)
  assert {v.dtype for v in (*prediction, logits)} == {jnp.dtype('float32')}
  assert logits.shape == (4,)


def test_bottleneck_dropout_only_in_training():
  x = inputs('mlp')
  classifier = models.Classifier(models.Mlp(), 5, bottleneck_dropout=0.5)
  variables = init(classifier, x)
  dropped, _ = run(classifier, variables, x, True)
  kept, _ = run(classifier, variables, x, False)
  assert (dropped.features == 0).mean() > (kept.features == 0).mean()


@pytest.mark.parametrize('norm,keys', [(True, 5), (False, 3)])
def test_critic_parts(norm, keys):
  critic = models.DomainCritic((8, 8), norm=norm)
  assert len(init(critic, inputs('mlp'))['params']) == keys
