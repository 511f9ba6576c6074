"""AlexNet, in the one-tower variant, under torchvision's names.

Krizhevsky, One weird trick for parallelizing convolutional neural networks,
2014 (https://arxiv.org/abs/1404.5997): no local response normalisation, no
classification layer.
"""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers, pooling

# Name, channels, kernel, stride, padding, and whether a pool follows.
_CONVOLUTIONS = (
  ('features.0', 64, 11, 4, 2, True),
  ('features.3', 192, 5, 1, 2, True),
  ('features.6', 384, 3, 1, 1, False),
  ('features.8', 256, 3, 1, 1, False),
  ('features.10', 256, 3, 1, 1, True),
)


class AlexNet(nn.Module):
  """Five convolutions and two dense layers of 4096 units.

  Attributes:
    dtype: of the computation; parameters are float32.
    frozen: how many leading depths never run in training mode.
  """

  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  depths = (
    ('stem', ('features.0',)),
    ('stage1', ('features.3',)),
    ('stage2', ('features.6',)),
    ('stage3', ('features.8',)),
    ('stage4', ('features.10',)),
    ('stage5', ('classifier.1',)),
    ('stage6', ('classifier.4',)),
  )

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, 3] to features [n, 4096] in float32."""
    for name, width, size, strides, padding, pool in _CONVOLUTIONS:
      conv = layers.Conv(
        width, size, strides, padding, dtype=self.dtype, name=name
      )
      x = nn.relu(conv(x))
      x = pooling.max_pool_3x3_s2(x, (0, 0)) if pool else x
    x = layers.flatten(pooling.adaptive_average_pool(x, 6))
    for depth, name in ((5, 'classifier.1'), (6, 'classifier.4')):
      off = not train or depth < self.frozen
      x = nn.Dropout(0.5)(x, deterministic=off)
      x = nn.relu(layers.Dense(4096, self.dtype, name=name)(x))
    return x.astype(jnp.float32)
