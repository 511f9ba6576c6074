"""Image files in folders: one a class, `<root>/<class>/*`, or at any depth."""

import pathlib

from absl import logging

from da_jax.errors import UserError

_SUFFIXES = (
  '.bmp',
  '.gif',
  '.jpeg',
  '.jpg',
  '.pgm',
  '.png',
  '.ppm',
  '.tif',
  '.tiff',
  '.webp',
)


def scan(root: pathlib.Path) -> dict[str, list[pathlib.Path]]:
  """Lists the images of every class, sorted by name.

  Args:
    root: folder of the class folders; hidden ones do not count.

  Returns:
    Class name -> its image files. Other files are ignored and counted in the
    log.

  Raises:
    UserError: there are no class folders, or one has no image.
  """
  folders = sorted(path for path in root.iterdir() if _is_class(path))
  if not folders:
    raise UserError(f'{root} has no class folders: expected {root}/<class>/*.')
  classes, ignored = {}, 0
  for folder in folders:
    entries = sorted(folder.iterdir())
    classes[folder.name] = [path for path in entries if _is_image(path)]
    ignored += len(entries) - len(classes[folder.name])
    if not classes[folder.name]:
      raise UserError(
        f'the class folder {folder} has no image file'
        f' ({", ".join(_SUFFIXES)}): add some or remove it.'
      )
  if ignored:
    logging.warning('%s: %d files are no images, ignored', root, ignored)
  return classes


def below(root: pathlib.Path) -> list[pathlib.Path]:
  """Lists all images in a folder and its folders, sorted; hidden ones not.

  Raises:
    UserError: there is none.
  """
  paths = [
    path
    for path in sorted(root.rglob('*'))
    if not any(part.startswith('.') for part in path.relative_to(root).parts)
    and _is_image(path)
  ]
  if not paths:
    raise UserError(
      f'the folder {root} has no image file ({", ".join(_SUFFIXES)}).'
    )
  return paths


def _is_class(path: pathlib.Path) -> bool:
  return path.is_dir() and not path.name.startswith('.')


def _is_image(path: pathlib.Path) -> bool:
  hidden = path.name.startswith('.')
  return path.suffix.lower() in _SUFFIXES and path.is_file() and not hidden
