"""Decoding image files: every one becomes uint8 [size, size, 3].

Sizes are changed without keeping the aspect ratio, bilinear by Pillow, as the
Transfer-Learning-Library does (`ResizeImage`).
"""

from collections.abc import Callable
from concurrent import futures
import dataclasses
import io
import os
import pathlib

from absl import logging
import numpy as np

from da_jax.errors import UserError

IN_MEMORY_LIMIT = 4 * 2**30  # bytes of decoded images
_SECONDS_BEFORE_PROGRESS = 2.0


@dataclasses.dataclass(frozen=True)
class ImageFiles:
  """Images of one size that are decoded when asked for.

  Attributes:
    read: index -> (name, encoded bytes or the path of a file).
    indices: int64 [n], what to `read`, in order.
    size: side of the decoded images.
  """

  read: Callable[[int], tuple[str, bytes | pathlib.Path]]
  indices: np.ndarray
  size: int

  def __len__(self) -> int:
    return len(self.indices)

  def __getitem__(self, indices: np.ndarray) -> np.ndarray:
    """Decodes uint8 [b, size, size, 3]."""
    images = np.empty((len(indices), self.size, self.size, 3), np.uint8)
    for row, index in enumerate(self.indices[indices]):
      name, data = self.read(int(index))
      images[row] = decode(data, name, self.size)
    return images

  def subset(self, indices: np.ndarray) -> 'ImageFiles':
    """Some of the images, in the order of the indices."""
    return dataclasses.replace(self, indices=self.indices[indices])


def decode(
  data: bytes | pathlib.Path, name: str, size: int | None
) -> np.ndarray:
  """Decodes one image of any mode as RGB.

  Args:
    data: encoded image, or the path of a file with one.
    name: what to call it in an error.
    size: side of the result; None keeps the sides of the image.

  Returns:
    uint8 [size, size, 3].

  Raises:
    UserError: it is no image, or a damaged one.
  """
  from PIL import Image

  stream = io.BytesIO(data) if isinstance(data, bytes) else data
  # Pillow's decoders raise a dozen types of exception on damaged files.
  try:
    with Image.open(stream) as image:
      rgb = _to_rgb(image)
  except Exception as error:
    raise UserError(
      f'{name} cannot be read as an image ({error}): repair or remove it.'
    ) from error
  if size is not None:
    rgb = rgb.resize((size, size), Image.Resampling.BILINEAR)
  return np.asarray(rgb)


def in_memory(files: ImageFiles) -> np.ndarray | ImageFiles:
  """Decodes all files now, if `IN_MEMORY_LIMIT` holds them.

  A damaged file is thus named before training starts, not in its midst.

  Args:
    files: what to decode.

  Returns:
    uint8 [n, size, size, 3], or `files` themselves where they are too many.

  Raises:
    UserError: a file is no image, or a damaged one.
  """
  import tqdm

  shape = (len(files), files.size, files.size, 3)
  if np.prod(shape, dtype=np.int64) > IN_MEMORY_LIMIT:
    logging.info('%d images stay on disk: too many for memory', len(files))
    return files
  images = np.empty(shape, np.uint8)

  def fill(index: int) -> None:
    images[index] = files[[index]][0]

  with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    done = pool.map(fill, range(len(files)))
    # To a terminal, and only once it has taken long enough to wonder.
    for _ in tqdm.tqdm(
      done,
      desc='decoding',
      total=len(files),
      delay=_SECONDS_BEFORE_PROGRESS,
      disable=None,
      leave=False,
    ):
      pass
  return images


def _to_rgb(image):
  """Converts any mode; Pillow alone would clip 16 bits at 255, not scale."""
  from PIL import Image

  if image.mode.startswith('I'):
    levels = np.asarray(image).astype(np.int64) // 257
    image = Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
  if image.mode == 'F':
    raise ValueError('floating-point pixels have no fixed range')
  return image.convert('RGB')
