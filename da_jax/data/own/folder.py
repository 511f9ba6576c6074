"""Images of the user's own: one folder a class, one folder a domain."""

import pathlib

import numpy as np

from da_jax.data.files import content, trees
from da_jax.data.files.image_task import image_task
from da_jax.data.files.images import ImageFiles, Paths
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError


def load(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  image_size: int | None = None,
  broken_files: str = 'refuse',
) -> Task:
  """Reads `<data_dir>/<domain>/<class>/*` or `<path>/<class>/*`.

  Args:
    data_dir: folder of the domains.
    source: name of a folder in it, or a path.
    target: the same, of another folder.
    image_size: side of the images that the model sees, 224 if None. Up to 64,
      images are resized to it and not augmented.
    broken_files: 'refuse' or 'skip' what cannot be read.

  Returns:
    RGB images.

  Raises:
    UserError: a folder is missing or empty, or a file is no image.
  """
  roots = [_root(data_dir, domain) for domain in (source, target)]
  if roots[0].samefile(roots[1]):
    raise UserError(f'source and target are the same folder, {roots[0]}.')
  return image_task(
    'folder',
    _domain(source, roots[0]),
    _domain(target, roots[1]),
    image_size=image_size,
    backbone='dtn' if image_size == 32 else 'resnet18',
    broken_files=broken_files,
  )


def _root(data_dir: pathlib.Path, domain: str) -> pathlib.Path:
  candidates = (data_dir / domain, pathlib.Path(domain).expanduser())
  for path in candidates:
    if path.is_dir():
      return path
  looked = ' or '.join(str(path) for path in candidates)
  raise UserError(
    f'there is no folder {looked}: expected <data_dir>/<domain>/<class>/*, or'
    ' two paths of <path>/<class>/* as source and target.'
  )


def _domain(name: str, root: pathlib.Path) -> Domain:
  classes = trees.scan(root)
  paths = [path for files in classes.values() for path in files]
  counts = [len(files) for files in classes.values()]
  y = np.repeat(np.arange(len(classes)), counts).astype(np.int32)
  key = content.key(paths, root)
  files = ImageFiles(Paths(tuple(paths)), np.arange(len(y)), size=0, key=key)
  names = [path.relative_to(root).as_posix() for path in paths]
  return Domain(name, tuple(classes), Examples(files, y), names=names)
