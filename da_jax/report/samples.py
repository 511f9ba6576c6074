"""The first images of the target test set and what the model says of them."""

from collections.abc import Sequence
import io
from typing import NamedTuple

import numpy as np

from da_jax.report import figures
from da_jax.report.folder import Arrays

SIDE = 96  # pixels: 32 images of noise stay below 1.2 MB


class Sample(NamedTuple):
  """One image with its true and its predicted class."""

  src: str  # data URI
  true: str
  predicted: str
  right: bool


def samples(predictions: Arrays, names: Sequence[str]) -> list[Sample]:
  """Pairs images with predictions.

  Args:
    predictions: 'target_images' uint8 [n, h, w, 1 or 3] belong to the first
      rows of 'target_labels' [m] and 'target_logits' [m, k].
    names: the k classes.

  Returns:
    One entry an image; none for data that is not images.
  """
  images = predictions.get('target_images')
  if images is None or images.shape[-1] not in (1, 3):
    return []
  labels = predictions['target_labels']
  guesses = predictions['target_logits'].argmax(axis=-1)
  return [
    Sample(thumbnail(image), names[label], names[guess], bool(label == guess))
    for image, label, guess in zip(images, labels, guesses, strict=False)
  ]


def thumbnail(image: np.ndarray, side: int = SIDE) -> str:
  """A uint8 image [h, w, 1 or 3] as a data URI of a small PNG."""
  from PIL import Image

  # Pillow knows grey images without a channel axis.
  picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
  picture.thumbnail((side, side))
  stream = io.BytesIO()
  picture.save(stream, format='PNG', optimize=True)
  return figures.data_uri('image/png', stream.getvalue())
