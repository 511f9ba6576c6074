"""MobileNet: separable convolutions, each a depthwise and a 1x1 one.

Howard et al., MobileNets: efficient convolutional neural networks for mobile
vision applications, 2017 (https://arxiv.org/abs/1704.04861), with the names,
padding and BatchNorm of Keras's, without the layers that classify.
"""

import functools

from flax import linen as nn
import jax
import jax.numpy as jnp

from da_jax.models import layers

# Channels and stride of each separable convolution.
_SEPARABLE = (
  *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
  *((512, 1),) * 5,
  *((1024, 2), (1024, 1)),
)
# First and last block of each depth above the stem: those of one resolution.
_STAGES = ((1, 1), (2, 3), (4, 5), (6, 11), (12, 13))


class MobileNetV1(nn.Module):
  """Thirteen separable convolutions.

  Attributes:
    alpha: factor of all numbers of channels.
    dtype: of the computation; parameters and statistics are float32.
    frozen: how many leading depths never run in training mode.
  """

  alpha: float = 1.0
  dtype: jnp.dtype = jnp.float32
  frozen: int = 0

  depths = (
    ('stem', ('conv1', 'conv1_bn')),
    *(
      (
        f'stage{stage}',
        tuple(
          f'conv_{kind}_{i}{norm}'
          for i in range(first, last + 1)
          for kind in ('dw', 'pw')
          for norm in ('', '_bn')
        ),
      )
      for stage, (first, last) in enumerate(_STAGES, start=1)
    ),
  )

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    """Maps images [n, h, w, 3] to features [n, 1024 alpha] in float32."""

    def conv_norm(x, depth, name, features, *shape, groups=1):
      conv = layers.Conv(
        features,
        *shape,
        padding='SAME',
        use_bias=False,
        # Of the authors' implementation, in TF-Slim.
        kernel_init=nn.initializers.truncated_normal(0.09),
        dtype=self.dtype,
        groups=groups,
        name=name,
      )
      norm = layers.BatchNorm(0.99, 1e-3, self.dtype, name=f'{name}_bn')
      off = not train or depth < self.frozen
      return nn.relu6(norm(conv(x), use_running_average=off))

    x = conv_norm(x, 0, 'conv1', int(32 * self.alpha), 3, 2)
    for depth, (first, last) in enumerate(_STAGES, start=1):
      for i in range(first, last + 1):
        width, strides = _SEPARABLE[i - 1]
        width, before = int(width * self.alpha), x.shape[-1]
        x = conv_norm(
          x, depth, f'conv_dw_{i}', before, 3, strides, groups=before
        )
        x = conv_norm(x, depth, f'conv_pw_{i}', width, 1)
    return x.astype(jnp.float32).mean((1, 2))


mobilenet_v1_075 = functools.partial(MobileNetV1, 0.75)
