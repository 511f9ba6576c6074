"""RandAugment.

Cubuk et al., "RandAugment: Practical Automated Data Augmentation with a
Reduced Search Space", NeurIPS 2020, https://arxiv.org/abs/1909.13719: the
paper's 14 operations, with the ranges of torchvision's. Deviations: geometric
operations are bilinear and fill with grey, levels are not rounded in between,
and solarizing starts from 256, so that with a magnitude of 0 nothing but
autocontrast and equalize changes the image.
"""

import jax
from jax import lax
import jax.numpy as jnp

from da_jax.data.augment import affine, enhance, levels
from da_jax.data.augment.sometimes import AugmentImage

_MOST = 10  # magnitude at which the ranges end
_FACTOR = 0.9
_BITS = 4
_DEGREES = 30
_SHEAR = 0.3
_TRANSLATION = 150 / 331  # of the side

# (image, level) -> image, level in [-1, 1].
_LEVELS = (
  lambda image, level: levels.autocontrast(image),
  lambda image, level: levels.equalize(image),
  lambda image, level: levels.posterize(
    image, jnp.round(_BITS * jnp.abs(level)).astype(jnp.int32)
  ),
  lambda image, level: levels.solarize(image, 256 * (1 - jnp.abs(level))),
  lambda image, level: enhance.brightness(image, 1 + _FACTOR * level),
  lambda image, level: enhance.contrast(image, 1 + _FACTOR * level),
  lambda image, level: enhance.saturation(image, 1 + _FACTOR * level),
  lambda image, level: enhance.sharpness(image, 1 + _FACTOR * level),
  lambda image, level: image,
)
# (level, height, width) -> matrix of the inverse map.
_MAPS = (
  lambda level, h, w: affine.translation(0.0, 0.0),
  lambda level, h, w: affine.rotation(jnp.radians(_DEGREES * level), h, w),
  lambda level, h, w: affine.shear(_SHEAR * level, 0.0),
  lambda level, h, w: affine.shear(0.0, _SHEAR * level),
  lambda level, h, w: affine.translation(_TRANSLATION * w * level, 0.0),
  lambda level, h, w: affine.translation(0.0, _TRANSLATION * h * level),
)
_NEITHER = len(_LEVELS) - 1  # identity: the last of _LEVELS, first of _MAPS
OPERATIONS = _NEITHER + len(_MAPS)


def randaugment(*, count: int = 2, magnitude: float = 10) -> AugmentImage:
  """Applies operations drawn evenly, with replacement, out of 14.

  Identity; autocontrast, equalize, posterize (8 to 4 bits), solarize (from
  256 to 0); brightness, contrast, saturation, sharpness (by 1 +- 0.9);
  rotate (30 degrees), shear x and y (0.3), translate x and y (150 / 331 of
  the side). The sign of a magnitude is drawn where an operation has two.

  Args:
    count: operations an image.
    magnitude: 0 to 10, the share of the ranges in tenths.

  Returns:
    (key, image) -> image.

  Raises:
    ValueError: the magnitude is not in 0..10.
  """
  if not 0 <= magnitude <= _MOST:
    raise ValueError(f'magnitude is 0 to {_MOST}, not {magnitude}')

  def apply(key: jax.Array, image: jax.Array) -> jax.Array:
    operation_key, sign_key = jax.random.split(key)
    operations = jax.random.randint(operation_key, (count,), 0, OPERATIONS)
    strengths = jax.random.rademacher(sign_key, (count,), jnp.float32)
    strengths *= magnitude / _MOST
    change = lambda image, draw: (operate(image, *draw), None)
    return lax.scan(change, image, (operations, strengths))[0]

  return apply


def operate(
  image: jax.Array, operation: jax.Array, level: jax.Array
) -> jax.Array:
  """Applies one operation.

  Mapped over a batch, all branches are computed: so every geometric operation
  is a matrix, and one resampling serves them all.

  Args:
    image: float32 [h, w, c], 0 to 255.
    operation: int [] below `OPERATIONS`.
    level: [] in [-1, 1], a share of the operation's range.

  Returns:
    float32 [h, w, c].
  """
  height, width, _ = image.shape
  matrices = jnp.stack([map_(level, height, width) for map_ in _MAPS])
  matrix = matrices[jnp.maximum(operation - _NEITHER, 0)]
  # First, as resampling reads what precedes it four times: XLA would compute
  # all of the other branches as often.
  image = affine.warp(image, matrix)
  return lax.switch(jnp.minimum(operation, _NEITHER), _LEVELS, image, level)
