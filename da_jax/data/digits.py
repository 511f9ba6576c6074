"""The embedded default: handwritten digits, plain and over photographs.

Needs no file of the user's: digits are the UCI set that scikit-learn carries
(Alpaydin and Kaynak, 1998, 1797 images of 8x8), photographs its two sample
images. `photo` lays the white digit over a random crop, dimmed a little, so
that it stands out of anything but clouds and petals.

The source, the target's training set and its test set are drawn over disjoint
original digits; every pixel is a function of the constants below.
"""

import functools
import pathlib

import numpy as np

from da_jax.data import inputs
from da_jax.data.normalisation import HALF
from da_jax.data.pair import Domain, Examples, Task

DOMAINS = ('plain', 'photo')
CLASS_NAMES = tuple(str(digit) for digit in range(10))
SIZE = 28
# Originals by role; the rest, 400, are the target's test set.
SOURCE, TARGET_TRAIN = 797, 600
# Crops that every original is drawn over; a plain digit is drawn once.
COPIES = 4
# The strength of the shift: at 1, white digits vanish in bright crops and
# adaptation is slow; at .8, source-only already gets four of five.
PHOTO_BRIGHTNESS = 0.9


def load(data_dir: pathlib.Path | None, source: str, target: str) -> Task:
  """Draws both domains in about a second.

  Args:
    data_dir: ignored, the data is embedded.
    source: 'plain' or 'photo'.
    target: the other one.

  Returns:
    Colour images uint8 [n, 28, 28, 3] of ten classes; the target has a test
    split of its own.
  """
  del data_dir
  order = np.random.default_rng(0).permutation(len(_originals()[1]))
  roles = np.split(order, [SOURCE, SOURCE + TARGET_TRAIN])
  train, test = (
    _draw(target, originals, seed)
    for originals, seed in ((roles[1], 2), (roles[2], 3))
  )
  both = Examples(*map(np.concatenate, zip(train, test, strict=True)))
  domain = functools.partial(Domain, class_names=CLASS_NAMES)
  taken = inputs.small_images(SIZE)
  return Task(
    dataset='digits',
    source=domain(source, examples=_draw(source, roles[0], seed=1)),
    target=domain(target, examples=both, test_from=len(train.y)),
    protocol='published',
    backbone='lenet',
    transform=inputs.transform(taken),
    inputs=taken,
    normalisation=HALF,
  )


@functools.cache
def _originals() -> tuple[np.ndarray, np.ndarray]:
  """All digits enlarged to [1797, 28, 28] in 0..1, and their labels."""
  from PIL import Image
  from sklearn import datasets

  digits = datasets.load_digits()
  enlarged = [
    Image.fromarray(image.astype(np.float32)).resize(
      (SIZE - 4, SIZE - 4), Image.Resampling.BICUBIC
    )
    for image in digits.images
  ]
  x = np.clip(np.stack([np.asarray(image) for image in enlarged]) / 16.0, 0, 1)
  x = np.pad(x, [(0, 0), (2, 2), (2, 2)])
  return x.astype(np.float32), digits.target.astype(np.int32)


@functools.cache
def _photographs() -> tuple[np.ndarray, ...]:
  from sklearn import datasets

  return tuple(datasets.load_sample_images().images)


def _draw(domain: str, originals: np.ndarray, seed: int) -> Examples:
  """Draws the originals, in their order, in the style of a domain."""
  x, y = _originals()
  if domain == 'plain':
    grey = np.round(255.0 * x[originals]).astype(np.uint8)
    return Examples(np.repeat(grey[..., None], 3, axis=3), y[originals])
  originals = np.tile(originals, COPIES)
  rng = np.random.default_rng(seed)
  crops = np.stack([_crop(rng) for _ in originals])
  ink = x[originals][..., None]
  photo = 255.0 * ink + (1.0 - ink) * PHOTO_BRIGHTNESS * crops
  return Examples(np.round(photo).astype(np.uint8), y[originals])


def _crop(rng: np.random.Generator) -> np.ndarray:
  photographs = _photographs()
  photograph = photographs[rng.integers(len(photographs))]
  top = rng.integers(photograph.shape[0] - SIZE + 1)
  left = rng.integers(photograph.shape[1] - SIZE + 1)
  return photograph[top : top + SIZE, left : left + SIZE]
