"""The changes of training images, by name and strength."""

from typing import NamedTuple

import jax

from da_jax.data.augment.blur import blur
from da_jax.data.augment.colour import grey, jitter
from da_jax.data.augment.cutout import cutout
from da_jax.data.augment.randaugment import randaugment
from da_jax.data.augment.sometimes import AugmentImage
from da_jax.errors import UserError

_MOST = {'jitter': 2, 'grey': 1, 'blur': 1, 'cutout': 1, 'randaugment': 14}
# fold_in(key, 0) to fold_in(key, 3) are the keys of jax.random.split(key, 4):
# those are for crop and flip.
_FIRST = 4


class Augmentation(NamedTuple):
  """What training images go through; 0 leaves a change out."""

  crop: bool | None = None  # None: the default of the kind of images
  flip: bool | None = None
  jitter: float = 0.0  # strength
  grey: float = 0.0  # probability
  blur: float = 0.0  # probability
  cutout: float = 0.0  # side of the square over that of the image
  randaugment: int = 0  # operations


def changes(augmentation: Augmentation) -> AugmentImage:
  """All but crop and flip: jitter, grey, blur, RandAugment, then cutout.

  Each has its own key, whatever others there are.

  Args:
    augmentation: what to apply.

  Returns:
    (key, image) -> image.

  Raises:
    UserError: a strength is out of range.
  """
  for name, most in _MOST.items():
    value = getattr(augmentation, name)
    if not 0 <= value <= most:
      raise UserError(f'--{name}={value} is not between 0 and {most}.')
  a = augmentation
  stages = (
    a.jitter and jitter(strength=a.jitter),
    a.grey and grey(probability=a.grey),
    a.blur and blur(probability=a.blur),
    a.randaugment and randaugment(count=a.randaugment),
    a.cutout and cutout(share=a.cutout),
  )

  def apply(key: jax.Array, image: jax.Array) -> jax.Array:
    for i, stage in enumerate(stages, _FIRST):
      if stage:
        image = stage(jax.random.fold_in(key, i), image)
    return image

  return apply
