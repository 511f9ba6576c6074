"""LeNet for 28x28 digits, in the variant of the adaptation literature.

LeCun et al., Gradient-based learning applied to document recognition, 1998;
widths and dropout as in the Transfer Learning Library (tllib, `lenet.py`).
"""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers, pooling


class LeNet(nn.Module):
  """Two 5x5 convolutions and a dense layer of 500 units.

  Attributes:
    dtype: of the computation; parameters are float32.
    frozen: how many leading depths never run in training mode.
  """

  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  depths = (
    ('stem', ('conv1',)),
    ('stage1', ('conv2',)),
    ('stage2', ('fc1',)),
  )

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, c] to features [n, 500] in float32."""
    off = [not train or depth < self.frozen for depth in range(3)]
    x = layers.Conv(20, 5, dtype=self.dtype, name='conv1')(x)
    x = nn.relu(pooling.max_pool_2x2(x))
    x = layers.Conv(50, 5, dtype=self.dtype, name='conv2')(x)
    x = nn.Dropout(0.5, broadcast_dims=(1, 2))(x, deterministic=off[1])
    x = nn.relu(pooling.max_pool_2x2(x))
    x = layers.flatten(x)
    x = nn.relu(layers.Dense(500, self.dtype, name='fc1')(x))
    x = nn.Dropout(0.5)(x, deterministic=off[2])
    return x.astype(jnp.float32)
