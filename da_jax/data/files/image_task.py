"""Tasks of image files: decoded to one size, cropped where that is usual."""

import dataclasses

from da_jax.data import inputs
from da_jax.data.files import cache
from da_jax.data.files.broken import without_broken
from da_jax.data.normalisation import HALF, IMAGENET
from da_jax.data.pair import Domain, Task
from da_jax.errors import UserError

IMAGE_SIZE = 224
_SMALL = 64  # up to this side, images are used whole and as they are


def image_task(
  dataset: str,
  source: Domain,
  target: Domain,
  *,
  image_size: int | None,
  backbone: str,
  protocol: str = 'transductive',
  broken_files: str = 'refuse',
) -> Task:
  """Makes a task of two domains of image files.

  Args:
    dataset: its name.
    source: domain whose x is `images.ImageFiles`, of any size.
    target: the other one.
    image_size: side of the images that the model sees, 224 if None. Images of
      up to 64 are stored in that size and used whole, larger ones are cropped
      from `transforms.stored_size(image_size)`.
    backbone: key of models.BACKBONES.
    protocol: by default.
    broken_files: one of `broken.POLICIES`.

  Raises:
    UserError: the size is not positive, or a file is no image.
  """
  size = IMAGE_SIZE if image_size is None else image_size
  if size < 1:
    raise UserError(f'--image_size={size} must be positive.')
  if size <= _SMALL:
    taken, normalisation = inputs.small_images(size), HALF
  else:
    taken, normalisation = inputs.standard_images(size), IMAGENET
  stored = taken['shape'][0]

  def decoded(domain: Domain) -> Domain:
    files = dataclasses.replace(domain.examples.x, size=stored)
    x, broken = cache.decoded(files)
    examples = domain.examples._replace(x=x)
    domain = domain._replace(examples=examples, files=files)
    return without_broken(domain, files, broken, broken_files)

  return Task(
    dataset,
    decoded(source),
    decoded(target),
    protocol=protocol,
    backbone=backbone,
    transform=inputs.transform(taken),
    inputs=taken,
    normalisation=normalisation,
  )
