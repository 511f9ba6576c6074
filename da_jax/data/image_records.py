"""Published images: which files there are, by folders of classes."""

from collections.abc import Mapping, Sequence
import pathlib

import numpy as np

from da_jax.data import trees
from da_jax.data.published import Records, RecordsFn
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
