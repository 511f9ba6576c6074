"""Reading and writing single pictures of any size."""

import os
import pathlib

import numpy as np

from da_jax.errors import UserError
from da_jax.files import replacing


def read(path: str | os.PathLike, size: int) -> np.ndarray:
  """Reads a picture as a viewer shows it, its longer side resized.

  Args:
    path: a file that Pillow reads.
    size: pixels of the longer side.

  Returns:
    uint8 [h, w, 3].

  Raises:
    UserError: there is no such file or it is no picture.
  """
  from PIL import Image, ImageOps

  path = pathlib.Path(path)
  if not path.is_file():
    raise UserError(f'{path} is not a file: check the path of the picture.')
  # Pillow's decoders raise a dozen types of exception on damaged files.
  try:
    with Image.open(path) as image:
      picture = ImageOps.exif_transpose(image).convert('RGB')
  except Exception as error:
    raise UserError(
      f'{path} cannot be read as a picture: convert or replace it.'
    ) from error
  factor = size / max(picture.size)
  sides = [max(1, round(side * factor)) for side in picture.size]
  return np.asarray(picture.resize(sides, Image.Resampling.LANCZOS))


def check_output(path: pathlib.Path) -> None:
  """Raises UserError where `write` could not write."""
  if _format(path) is None:
    raise UserError(f'{path} has no known ending: call it .png or .jpg.')
  if not path.parent.is_dir():
    raise UserError(f'{path.parent} is not a folder: make it first.')


def write(path: pathlib.Path, pixels: np.ndarray) -> None:
  """Writes a picture in the format of the path's ending.

  Args:
    path: the file, replaced in one step.
    pixels: [h, w, 3], rounded and clipped to 0 to 255.
  """
  from PIL import Image

  levels = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
  with replacing(path) as temporary:
    Image.fromarray(levels).save(temporary, format=_format(path))


def _format(path: pathlib.Path) -> str | None:
  from PIL import Image

  name = Image.registered_extensions().get(path.suffix.lower())
  return name if name in Image.SAVE else None
