"""The one classifier of all methods: backbone, bottleneck, head."""

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax import types
from da_jax.models import layers


class Bottleneck(nn.Module):
  """A dense layer [, BatchNorm], ReLU [, dropout].

  Attributes:
    width: units of the dense layer.
    norm: whether BatchNorm follows it.
    dropout: share of units dropped in training.
    dtype: of the computation; parameters and statistics are float32.
  """

  width: int
  norm: bool = True
  dropout: float = 0.0
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps [n, d] to [n, width]."""
    x = layers.Dense(self.width, self.dtype, name='fc')(x)
    if self.norm:
      norm = layers.BatchNorm(dtype=self.dtype, name='bn')
      x = norm(x, use_running_average=not train)
    return nn.Dropout(self.dropout)(nn.relu(x), deterministic=not train)


class Classifier(nn.Module):
  """Backbone, bottleneck and head; the parts of its parameters, too.

  Attributes:
    backbone: one of `models.BACKBONES`.
    num_classes: of the head.
    bottleneck: width of the features; 0 takes the backbone's own.
    bottleneck_norm: whether the bottleneck has BatchNorm.
    bottleneck_dropout: share of features dropped in training.
    dtype: of the bottleneck; the head is float32 as are all parameters.
  """

  backbone: nn.Module
  num_classes: int
  bottleneck: int = 256
  bottleneck_norm: bool = True
  bottleneck_dropout: float = 0.0
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> types.Prediction:
    """Maps examples [n, ...] to features [n, d] and logits [n, num_classes]."""
    z = self.backbone(x, train)
    if self.bottleneck:
      bottleneck = Bottleneck(
        self.bottleneck,
        self.bottleneck_norm,
        self.bottleneck_dropout,
        self.dtype,
        name='bottleneck',
      )
      z = bottleneck(z, train)
    z = z.astype(jnp.float32)
    logits = layers.Dense(self.num_classes, name='head')(z)
    return types.Prediction(features=z, logits=logits)
