"""Making MNIST-M (Ganin et al., JMLR 2016) out of MNIST and BSDS500.

The photographs are those of Arbelaez et al., TPAMI 2011
(https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping). In the
published images, a digit is every pixel of MNIST above 0, with a margin of two:
there the photograph is inverted, elsewhere it is as it was.
"""

from collections.abc import Sequence
import pathlib

from absl import logging
import numpy as np

from da_jax.data.files import images
from da_jax.data.pair import Examples
from da_jax.data.published import mnist
from da_jax.errors import UserError

# The published sets show so many, the first, of MNIST's digits.
COUNTS = (59001, 9001)
LAYOUT = 'BSDS500/data/images/train/*.jpg'
_FOLDERS = ('BSDS500', 'BSR/BSDS500', 'bsds500')
_MARGIN = 2


def photographs(folder: pathlib.Path) -> list[pathlib.Path]:
  """Finds the training set of BSDS500 in a folder, if it is there."""
  for name in _FOLDERS:
    found = sorted((folder / name / 'data/images/train').glob('*.jpg'))
    if found:
      return found
  return []


def read(
  data_dir: pathlib.Path, paths: Sequence[pathlib.Path]
) -> tuple[Examples, Examples]:
  """Makes MNIST-M, the same on every call.

  Args:
    data_dir: folder of MNIST.
    paths: of the photographs.

  Returns:
    Train and test set, x uint8 [n, 32, 32, 3], of as many images as published.

  Raises:
    UserError: MNIST is missing, or a photograph is damaged or too small.
  """
  splits = mnist.read(data_dir)
  pictures = [images.decode(path, str(path), size=None) for path in paths]
  for path, picture in zip(paths, pictures, strict=True):
    if min(picture.shape[:2]) < splits[0].x.shape[1] + 2 * _MARGIN:
      raise UserError(f'{path} is too small to cut crops from: remove it.')
  logging.warning(
    'MNIST-M is not the published one, but generated from MNIST and %d'
    ' photographs in %s',
    len(paths),
    paths[0].parent,
  )
  return tuple(
    Examples(blend(split.x[:count], pictures, seed), split.y[:count])
    for seed, (split, count) in enumerate(zip(splits, COUNTS, strict=True))
  )


def blend(
  digits: np.ndarray, pictures: Sequence[np.ndarray], seed: int
) -> np.ndarray:
  """Lays digits over random crops: `|crop - 255 * (digit > 0)|`.

  Args:
    digits: uint8 [n, 28, 28, 1].
    pictures: uint8 [h, w, 3] each, of any sizes.
    seed: of the crops.

  Returns:
    uint8 [n, 32, 32, 3].
  """
  margin = (_MARGIN, _MARGIN)
  ink = np.pad(digits > 0, [(0, 0), margin, margin, (0, 0)])
  side = ink.shape[1]
  rng = np.random.default_rng(seed)
  crops = np.empty((*ink.shape[:3], 3), np.uint8)
  for crop in crops:
    picture = pictures[rng.integers(len(pictures))]
    top, left = rng.integers(np.array(picture.shape[:2]) - side + 1)
    crop[:] = picture[top : top + side, left : left + side]
  return np.where(ink, 255 - crops, crops)
