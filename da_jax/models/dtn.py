"""DTN, the network for 32x32 digits with SVHN.

Taigman, Polyak and Wolf, Unsupervised cross-domain image generation, 2017
(https://arxiv.org/abs/1611.02200), as read by the Transfer Learning Library
(tllib, `dtn.py`).
"""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers


class Dtn(nn.Module):
  """Three 5x5 convolutions at stride 2 and a dense layer of 512 units.

  Attributes:
    dtype: of the computation; parameters and statistics are float32.
    frozen: how many leading depths never run in training mode.
  """

  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  depths = (
    ('stem', ('conv1', 'bn1')),
    ('stage1', ('conv2', 'bn2')),
    ('stage2', ('conv3', 'bn3')),
    ('stage3', ('fc1', 'bn4')),
  )

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, c] to features [n, 512] in float32."""
    off = [not train or depth < self.frozen for depth in range(4)]
    for i, (width, rate) in enumerate(((64, 0.1), (128, 0.3), (256, 0.5))):
      conv = layers.Conv(width, 5, 2, 2, dtype=self.dtype, name=f'conv{i + 1}')
      norm = layers.BatchNorm(dtype=self.dtype, name=f'bn{i + 1}')
      x = norm(conv(x), use_running_average=off[i])
      x = nn.Dropout(rate, broadcast_dims=(1, 2))(x, deterministic=off[i])
      x = nn.relu(x)
    x = layers.Dense(512, self.dtype, name='fc1')(layers.flatten(x))
    norm = layers.BatchNorm(dtype=self.dtype, name='bn4')
    x = nn.relu(norm(x, use_running_average=off[3]))
    x = nn.Dropout(0.5)(x, deterministic=off[3])
    return x.astype(jnp.float32)
