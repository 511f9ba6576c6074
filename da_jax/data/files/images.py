"""Decoding image files: every one becomes uint8 [size, size, 3].

Sizes are changed without keeping the aspect ratio, bilinear by Pillow, as the
Transfer-Learning-Library does (`ResizeImage`).
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
import dataclasses
import io
import os
import pathlib

import numpy as np

from da_jax.data.files import threads
from da_jax.errors import UserError

_CHUNK = 256  # images that threads decode ahead of who takes them
_THREADS = min(8, os.cpu_count() or 1)  # for a batch; Pillow frees the GIL
_NAMED = 5  # broken files that an error names


@dataclasses.dataclass(frozen=True)
class Paths:
  """What `ImageFiles` read where every image is a file."""

  paths: tuple[pathlib.Path, ...]

  def __call__(self, index: int) -> tuple[str, pathlib.Path]:
    return str(self.paths[index]), self.paths[index]


@dataclasses.dataclass(frozen=True)
class ImageFiles:
  """Images of one size that are decoded when asked for.

  Attributes:
    read: index -> (name, encoded bytes or the path of a file); picklable.
    indices: int64 [n], what to `read`, in order.
    size: side of the decoded images.
    key: of the content of all that there is to read, see `content.key`; None
      if it is unknown.
  """

  read: Callable[[int], tuple[str, bytes | pathlib.Path]]
  indices: np.ndarray
  size: int
  key: str | None = None

  def __len__(self) -> int:
    return len(self.indices)

  def __getitem__(self, indices) -> np.ndarray:
    """Decodes uint8 [b, size, size, 3], in threads."""
    chosen = self.indices[indices]
    images = np.empty((len(chosen), self.size, self.size, 3), np.uint8)

    def fill(row: int) -> None:
      name, data = self.read(int(chosen[row]))
      images[row] = decode(data, name, self.size)

    with futures.ThreadPoolExecutor(_THREADS) as pool:
      for _ in pool.map(fill, range(len(chosen))):
        pass
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
  decoded = _attempt(data, size)
  if isinstance(decoded, str):
    raise UserError(
      f'{name} cannot be read as an image ({decoded}): repair or remove it.'
    )
  return decoded


def each(files: ImageFiles) -> Iterator[np.ndarray | str]:
  """Decodes all files in threads, in order, and shows progress.

  Args:
    files: what to decode.

  Returns:
    An iterator over uint8 [size, size, 3], or what is wrong with the file.
  """

  def attempt(index: int) -> np.ndarray | str:
    return _attempt(files.read(int(index))[1], files.size)

  return threads.mapped(attempt, files.indices, chunk=_CHUNK, doing='decoding')


def decode_all(files: ImageFiles) -> tuple[np.ndarray, dict[int, str]]:
  """Decodes all files.

  Args:
    files: what to decode.

  Returns:
    uint8 [n, size, size, 3], black where a file is broken, and what is wrong
    with those by row.
  """
  images = np.zeros((len(files), files.size, files.size, 3), np.uint8)
  broken = {}
  for row, result in enumerate(each(files)):
    if isinstance(result, str):
      broken[row] = result
    else:
      images[row] = result
  return images, broken


def in_memory(files: ImageFiles) -> np.ndarray:
  """Decodes a small set; UserError if files are no images or damaged ones."""
  images, broken = decode_all(files)
  if broken:
    raise UserError(f'{listed(named(files, broken))}: repair or remove them.')
  return images


def named(files: ImageFiles, broken: Mapping[int, str]) -> dict[str, str]:
  """What is wrong with files, by name instead of row."""
  return {
    files.read(int(files.indices[row]))[0]: reason
    for row, reason in broken.items()
  }


def listed(broken: Mapping[str, str]) -> str:
  """Says how many files are broken and names the first."""
  first = [f'{name} ({why})' for name, why in list(broken.items())[:_NAMED]]
  more = ', ...' if len(broken) > _NAMED else ''
  files = '1 file' if len(broken) == 1 else f'{len(broken)} files'
  return f'{files} cannot be read as an image: {", ".join(first)}{more}'


def _attempt(data: bytes | pathlib.Path, size: int | None) -> np.ndarray | str:
  """Pixels, or what is wrong, in words that do not depend on the place."""
  from PIL import Image, UnidentifiedImageError

  stream = io.BytesIO(data) if isinstance(data, bytes) else data
  # Pillow's decoders raise a dozen types of exception on damaged files.
  try:
    with Image.open(stream) as image:
      rgb = _to_rgb(image)
  except UnidentifiedImageError:
    return 'no known image format'
  except Exception as error:
    return getattr(error, 'strerror', None) or str(error)
  if size is not None:
    rgb = rgb.resize((size, size), Image.Resampling.BILINEAR)
  return np.asarray(rgb)


def _to_rgb(image):
  """Converts any mode; Pillow alone would clip 16 bits at 255, not scale."""
  from PIL import Image

  if image.mode.startswith('I'):
    levels = np.asarray(image).astype(np.int64) // 257
    image = Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
  if image.mode == 'F':
    raise ValueError('floating-point pixels have no fixed range')
  return image.convert('RGB')
