"""SqueezeNet 1.1 whose submodules carry the names of torchvision's.

Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters
and <0.5MB model size, 2016 (https://arxiv.org/abs/1602.07360), without the
dropout and the 1x1 convolution that classify.
"""

from collections.abc import Collection, Iterator
import functools

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers, pooling

_Conv = functools.partial(
  layers.Conv,
  kernel_init=nn.initializers.he_uniform(),
  bias_init=nn.initializers.zeros,
)
# Name, torchvision's name, channels of the squeeze and of each expansion, and
# whether a pool comes before.
_FIRES = (
  ('fire2', 'features.3', 16, 64, True),
  ('fire3', 'features.4', 16, 64, False),
  ('fire4', 'features.6', 32, 128, True),
  ('fire5', 'features.7', 32, 128, False),
  ('fire6', 'features.9', 48, 192, True),
  ('fire7', 'features.10', 48, 192, False),
  ('fire8', 'features.11', 64, 256, False),
  ('fire9', 'features.12', 64, 256, False),
)


class Fire(nn.Module):
  """A 1x1 convolution to few channels, then 1x1 and 3x3 side by side."""

  squeeze: int
  expand: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    """Maps [n, h, w, c] to [n, h, w, 2 expand]."""
    conv = functools.partial(_Conv, dtype=self.dtype)
    x = nn.relu(conv(self.squeeze, 1, name='squeeze')(x))
    small = conv(self.expand, 1, name='expand1x1')(x)
    large = conv(self.expand, 3, 1, 1, name='expand3x3')(x)
    return nn.relu(jnp.concatenate([small, large], -1))


class SqueezeNet(nn.Module):
  """A convolution and eight fire modules.

  Attributes:
    dtype: of the computation; parameters are float32.
    frozen: how many leading depths never run in training mode; without
      BatchNorm and dropout that changes nothing.
    ceil_mode: whether pools keep windows that reach over the edge, as
      torchvision's do and Keras's do not.
  """

  dtype: jnp.dtype = jnp.float32
  frozen: int = 0
  ceil_mode: bool = True

  depths = (
    ('stem', ('features.0',)),
    ('stage1', ('features.3', 'features.4')),
    ('stage2', ('features.6', 'features.7')),
    ('stage3', tuple(f'features.{i}' for i in range(9, 13))),
  )

  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, 3] to features [n, 512] in float32."""
    return self.activations(x, ['fire9'])['fire9'].mean((1, 2))

  @nn.compact
  def activations(
    self, x: jax.Array, names: Collection[str]
  ) -> dict[str, jax.Array]:
    """The outputs of layers after ReLU; nothing above them is computed.

    Args:
      x: images [n, h, w, 3].
      names: of layers as the paper has them: 'conv1', 'fire2' to 'fire9'.

    Returns:
      Maps [n, h', w', c] in float32 by name.

    Raises:
      ValueError: there is no layer of some name.
    """
    found = {}
    for name, y in self._layers(x):
      if name in names:
        found[name] = y.astype(jnp.float32)
      if len(found) == len(set(names)):
        return found
    missing = sorted(set(names) - set(found))
    raise ValueError(f'SqueezeNet has no layers {missing}.')

  def _layers(self, x) -> Iterator[tuple[str, jax.Array]]:
    x = nn.relu(_Conv(64, 3, 2, dtype=self.dtype, name='features.0')(x))
    yield 'conv1', x
    for name, part, squeeze, expand, pool in _FIRES:
      x = pooling.max_pool_3x3_s2(x, (0, int(self.ceil_mode))) if pool else x
      x = Fire(squeeze, expand, self.dtype, name=part)(x)
      yield name, x
