"""Published images: which files there are, by folders of classes or lists."""

from collections.abc import Mapping, Sequence
import pathlib

import numpy as np

from da_jax.data.files import trees
from da_jax.data.published.record import Records, RecordsFn
from da_jax.errors import UserError


def class_folders(
  class_names: tuple[str, ...],
  domain_folders: Mapping[str, Sequence[str]] | None = None,
) -> RecordsFn:
  """Finds `<domain>/<class>/*` or `<domain>/images/<class>/*`.

  Args:
    class_names: names of the folders, all of which are expected.
    domain_folders: domain -> what its folder may be called, if not as it is.

  Returns:
    Records function; a missing or unknown class is a UserError.
  """

  def records(root: pathlib.Path, domain: str) -> dict[str, Records]:
    for name in (domain_folders or {}).get(domain, (domain,)):
      nested = root / name / 'images'
      base = nested if nested.is_dir() else root / name
      if base.is_dir():
        return {'all': _tree(root, base, class_names)}
    return {}

  return records


def listed(
  class_names: tuple[str, ...],
  splits: Mapping[str, Sequence[tuple[str, ...]]],
) -> RecordsFn:
  """Finds the images that lists name, in lines of `<domain>/<...> <label>`.

  Args:
    class_names: in the order of the labels; a list may lack some.
    splits: split -> alternatives, each the names of the lists, with {domain},
      that make it up. They are looked for in the dataset's folder and its
      `image_list/`, `list/` and `txt/`.

  Returns:
    Records function; a line that does not fit is a UserError.
  """

  def records(root: pathlib.Path, domain: str) -> dict[str, Records]:
    found = {}
    for split, alternatives in splits.items():
      for names in alternatives:
        lists = [_find(root, name.format(domain=domain)) for name in names]
        if all(lists):
          found[split] = _of_lists(root, domain, lists, class_names)
          break
    return found if len(found) == len(splits) else {}

  return records


def of_files(
  root: pathlib.Path, paths: Sequence[pathlib.Path], y: np.ndarray
) -> Records:
  """Records of image files below a root."""
  names = [path.relative_to(root).as_posix() for path in paths]
  return Records(names, y, paths.__getitem__, paths)


def _tree(
  root: pathlib.Path, base: pathlib.Path, class_names: tuple[str, ...]
) -> Records:
  classes = trees.scan(base)
  for kind, names in (
    ('missing', set(class_names) - set(classes)),
    ('unknown', set(classes) - set(class_names)),
  ):
    if names:
      raise UserError(
        f'{base}: {kind} class folders {", ".join(sorted(names))}; expected'
        f' {", ".join(class_names)}.'
      )
  paths = [path for name in class_names for path in classes[name]]
  counts = [len(classes[name]) for name in class_names]
  return of_files(root, paths, np.repeat(np.arange(len(counts)), counts))


def _find(root: pathlib.Path, name: str) -> pathlib.Path | None:
  paths = (root / folder / name for folder in ('', 'image_list', 'list', 'txt'))
  return next((path for path in paths if path.is_file()), None)


def _of_lists(
  root: pathlib.Path,
  domain: str,
  lists: Sequence[pathlib.Path],
  class_names: tuple[str, ...],
) -> Records:
  paths, y = [], []
  for path in lists:
    lines = path.read_text(encoding='utf-8').splitlines()
    for number, line in enumerate(lines, 1):
      if line.strip():
        name, label = _parse(f'{path}, line {number}', line, class_names)
        folder = name.parent.name
        if folder not in (domain, class_names[label]):
          raise UserError(
            f'{path}, line {number}: label {label} is {class_names[label]}, but'
            f' the image is in a folder {folder}: get the published list.'
          )
        paths.append(root / name)
        y.append(label)
  return of_files(root, paths, np.array(y, np.int32))


def _parse(
  where: str, line: str, class_names: tuple[str, ...]
) -> tuple[pathlib.PurePosixPath, int]:
  name, _, label = line.strip().rpartition(' ')
  path = pathlib.PurePosixPath(name)
  if not name or path.is_absolute() or '..' in path.parts:
    raise UserError(
      f"{where}: {line!r} is not the path of an image below the list's dataset"
      ' and its label.'
    )
  if not label.isdecimal() or int(label) >= len(class_names):
    raise UserError(
      f'{where}: label {label!r} is not a number below {len(class_names)}.'
    )
  return path, int(label)
