"""Images of the user's own, named with their labels in a text file a domain.

As in the Transfer-Learning-Library
(https://github.com/thuml/Transfer-Learning-Library), a line is a path and a
label.
"""

from collections.abc import Sequence
import os
import pathlib

import numpy as np

from da_jax.data.files import content
from da_jax.data.files.image_task import image_task
from da_jax.data.files.images import ImageFiles, Paths
from da_jax.data.own import labels, own_files
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError

_SUFFIXES = ('.txt', '.lst', '.list')
_CLASSES = 'classes.txt'
_NAMED = 3  # missing files that an error names


def load(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  *,
  image_size: int | None = None,
  broken_files: str = 'refuse',
) -> Task:
  """Reads two domains.

  Args:
    data_dir: folder of the lists and the images.
    source: name of a list in it, or its path. A line is `path label`: the path
      of an image, with spaces if need be, from `data_dir`, from the folder of
      the list or absolute, and a label without spaces. A `classes.txt` beside
      the list names the classes 0, 1, ..., one a line.
    target: another one.
    image_size: side of the images that the model sees, 224 if None. Up to 64,
      images are resized to it and not augmented.
    broken_files: 'refuse' or 'skip' what cannot be read.

  Returns:
    RGB images in the order of the lists.

  Raises:
    UserError: a list is missing, empty or damaged, names an image twice or one
      that is missing, or a file is no image.
  """
  paths = own_files.find_two(data_dir, source, target, _SUFFIXES)
  return image_task(
    'image_list',
    _domain(data_dir, source, paths[0]),
    _domain(data_dir, target, paths[1]),
    image_size=image_size,
    backbone='dtn' if image_size == 32 else 'resnet18',
    broken_files=broken_files,
  )


def _domain(data_dir: pathlib.Path, name: str, path: pathlib.Path) -> Domain:
  lines = _lines(path)
  names, values = zip(*lines.values(), strict=True)
  _check_once(path, tuple(lines), names)
  paths = _located(path, data_dir, names)
  key = content.key(paths, pathlib.Path(os.path.commonpath(paths)).parent)
  numbers = np.array(tuple(lines))
  class_names, y = labels.encode(np.array(values), numbers, str(path))
  if (path.parent / _CLASSES).is_file():
    class_names = _named(path, class_names)
  x = ImageFiles(Paths(tuple(paths)), np.arange(len(names)), size=0, key=key)
  return Domain(name, class_names, Examples(x, y), names=names)


def _lines(path: pathlib.Path) -> dict[int, tuple[str, str]]:
  """Number of the line, from 1 -> path and label."""
  lines = {}
  text = own_files.read_bytes(path).decode('utf-8-sig')
  for number, line in enumerate(text.splitlines(), start=1):
    words = line.strip().rsplit(maxsplit=1)
    if len(words) == 1:
      raise UserError(
        f'line {number} of {path} is {line!r}, but a path and a label are'
        ' wanted.'
      )
    if words:
      lines[number] = tuple(words)
  return lines


def _check_once(
  path: pathlib.Path, numbers: Sequence[int], names: Sequence[str]
) -> None:
  seen = {}
  for number, name in zip(numbers, names, strict=True):
    if name in seen:
      raise UserError(
        f'lines {seen[name]} and {number} of {path} are of the same image,'
        f' {name}: remove one.'
      )
    seen[name] = number


def _located(
  path: pathlib.Path, data_dir: pathlib.Path, names: Sequence[str]
) -> list[pathlib.Path]:
  folders = (data_dir, path.parent)
  found = [
    next((f / name for f in folders if (f / name).is_file()), None)
    for name in names
  ]
  missing = [n for n, file in zip(names, found, strict=True) if file is None]
  if missing:
    raise UserError(
      f'{len(missing)} of {len(names)} images of {path} are neither in'
      f' {data_dir} nor in {path.parent}, such as'
      f' {", ".join(missing[:_NAMED])}.'
    )
  return found


def _named(path: pathlib.Path, found: Sequence[str]) -> tuple[str, ...]:
  """The names that classes.txt gives to labels that are numbers."""
  listed = path.parent / _CLASSES
  text = own_files.read_bytes(listed).decode('utf-8-sig')
  known = [name.strip() for name in text.splitlines()]
  if len(set(known)) < len(known):
    raise UserError(f'{listed} names a class twice: rename one.')
  if set(found) <= set(known):
    return tuple(found)
  places = {str(place): name for place, name in enumerate(known)}
  unknown = [label for label in found if label not in places]
  if unknown:
    raise UserError(
      f'{path} has the label {unknown[0]}, but {listed} names the classes 0 to'
      f' {len(known) - 1}.'
    )
  return tuple(places[label] for label in found)
