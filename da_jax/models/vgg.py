"""VGG networks whose submodules carry the names of torchvision's.

Simonyan and Zisserman, Very deep convolutional networks for large-scale image
recognition, ICLR 2015 (https://arxiv.org/abs/1409.1556), configurations D and
E: no BatchNorm, no classification layer.
"""

from collections.abc import Collection, Iterator
import functools

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers, pooling

_Conv = functools.partial(
  layers.Conv,
  kernel_init=nn.initializers.variance_scaling(2.0, 'fan_out', 'normal'),
  bias_init=nn.initializers.zeros,
)
_Dense = functools.partial(
  layers.Dense,
  kernel_init=nn.initializers.normal(0.01),
  bias_init=nn.initializers.zeros,
)


class Vgg(nn.Module):
  """Five stages of 3x3 convolutions and two dense layers of 4096 units.

  Attributes:
    counts: convolutions of each stage.
    dtype: of the computation; parameters are float32.
    frozen: how many leading depths never run in training mode.
  """

  counts: tuple[int, ...]
  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  @property
  def depths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names of the depths from the input up, each with its submodules."""
    parts = [
      tuple(name for _, name in self._stage(stage))
      for stage in range(len(self.counts))
    ]
    parts += [('classifier.0',), ('classifier.3',)]
    names = ['stem', *(f'stage{i}' for i in range(1, len(parts)))]
    return tuple(zip(names, parts, strict=True))

  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, 3] to features [n, 4096] in float32."""
    return self.activations(x, ['fc7'], train)['fc7']

  @nn.compact
  def activations(
    self, x: jax.Array, names: Collection[str], train: bool = False
  ) -> dict[str, jax.Array]:
    """The outputs of layers after ReLU; nothing above them is computed.

    Args:
      x: images [n, h, w, 3].
      names: of layers as the paper's readers call them: 'conv1_1' to 'conv5_3'
        (VGG-19: 'conv5_4'), 'fc6', 'fc7'.
      train: whether dropout is on.

    Returns:
      Maps [n, h', w', c] and rows [n, 4096] in float32 by name.

    Raises:
      ValueError: there is no layer of some name.
    """
    found = {}
    for name, y in self._layers(x, train):
      if name in names:
        found[name] = y.astype(jnp.float32)
      if len(found) == len(set(names)):
        return found
    raise ValueError(f'VGG has no layers {sorted(set(names) - set(found))}.')

  def _layers(self, x, train) -> Iterator[tuple[str, jax.Array]]:
    for stage in range(len(self.counts)):
      width = min(64 * 2**stage, 512)
      for name, part in self._stage(stage):
        conv = _Conv(width, 3, 1, 1, dtype=self.dtype, name=part)
        x = nn.relu(conv(x))
        yield name, x
      x = pooling.max_pool_2x2(x)
    x = layers.flatten(pooling.adaptive_average_pool(x, 7))
    for i, name in enumerate(('fc6', 'fc7')):
      off = not train or len(self.counts) + i < self.frozen
      x = nn.relu(_Dense(4096, self.dtype, name=f'classifier.{3 * i}')(x))
      x = nn.Dropout(0.5)(x, deterministic=off)
      yield name, x

  def _stage(self, stage: int) -> list[tuple[str, str]]:
    # In torchvision's sequence each convolution is followed by its ReLU, and
    # each stage by its pool.
    first = 2 * sum(self.counts[:stage]) + stage
    return [
      (f'conv{stage + 1}_{i + 1}', f'features.{first + 2 * i}')
      for i in range(self.counts[stage])
    ]


vgg16 = functools.partial(Vgg, (2, 2, 3, 3, 3))
vgg19 = functools.partial(Vgg, (2, 2, 4, 4, 4))
