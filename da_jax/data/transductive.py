"""Pairs of image domains of which every target example trains and tests."""

from collections.abc import Callable
import pathlib
from typing import NamedTuple

import numpy as np

from da_jax.data import images, splits, transforms
from da_jax.data.pair import DomainPair, Examples

_SMALL = 64  # up to this side, images are used whole and as they are


class Domain(NamedTuple):
  """A domain not yet decoded."""

  name: str
  read: Callable[[int], tuple[str, bytes | pathlib.Path]]  # of `ImageFiles`
  y: np.ndarray  # int32 [n]


def pair(
  dataset: str,
  source: Domain,
  target: Domain,
  class_names: tuple[str, ...],
  image_size: int,
  backbone: str,
) -> DomainPair:
  """Decodes two domains; 15 % of the source are held out for validation.

  Args:
    dataset: its name.
    source: labelled domain.
    target: the other one.
    class_names: in the order of the labels.
    image_size: side of the images that the model sees. Images of up to 64 are
      stored in that size and not augmented, larger ones are cropped from
      `transforms.stored_size(image_size)`.
    backbone: key of models.BACKBONES.

  Raises:
    UserError: a file is no image, or the source is too small to split.
  """
  if image_size <= _SMALL:
    stored, (augment, prepare) = image_size, transforms.small(0.5, 0.5)
  else:
    stored = transforms.stored_size(image_size)
    augment, prepare = transforms.standard(image_size)

  def examples(domain: Domain, indices: np.ndarray) -> Examples:
    files = images.ImageFiles(domain.read, indices, stored)
    return Examples(images.in_memory(files), domain.y[indices])

  kept, held = splits.hold_out(source.y, 0.15)
  everything = examples(target, np.arange(len(target.y)))
  return DomainPair(
    dataset=dataset,
    source=source.name,
    target=target.name,
    class_names=class_names,
    source_train=examples(source, kept),
    source_val=examples(source, held),
    target_train=everything,
    target_test=everything,
    augment=augment,
    prepare=prepare,
    protocol='transductive: all target examples train and test',
    backbone=backbone,
  )
