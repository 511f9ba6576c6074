"""Images of the user's own: one folder a class, one folder a domain."""

import pathlib

import numpy as np

from da_jax.data import transductive, trees
from da_jax.data.pair import DomainPair
from da_jax.errors import UserError

_IMAGE_SIZE = 224


def load(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  image_size: int | None = None,
) -> DomainPair:
  """Reads `<data_dir>/<domain>/<class>/*` or `<path>/<class>/*`.

  Args:
    data_dir: folder of the domains.
    source: name of a folder in it, or a path.
    target: the same, of another folder.
    image_size: side of the images that the model sees, 224 if None. Up to 64,
      images are resized to it and not augmented.

  Returns:
    RGB images; the target's are all for training and for testing.

  Raises:
    UserError: a folder is missing or empty, the classes of the domains differ,
      or a file is no image.
  """
  image_size = _IMAGE_SIZE if image_size is None else image_size
  if image_size < 1:
    raise UserError(f'--image_size={image_size} must be positive.')
  roots = [_root(data_dir, domain) for domain in (source, target)]
  if roots[0].samefile(roots[1]):
    raise UserError(f'source and target are the same folder, {roots[0]}.')
  files_s, files_t = map(trees.scan, roots)
  _check_same_classes({source: files_s, target: files_t})
  return transductive.pair(
    'folder',
    _domain(source, files_s),
    _domain(target, files_t),
    class_names=tuple(files_s),
    image_size=image_size,
    backbone='dtn' if image_size == 32 else 'resnet18',
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


def _check_same_classes(domains: dict[str, dict]) -> None:
  (source, files_s), (target, files_t) = domains.items()
  odd = [
    f'only {domain} has {", ".join(sorted(names))}'
    for domain, names in (
      (source, files_s.keys() - files_t.keys()),
      (target, files_t.keys() - files_s.keys()),
    )
    if names
  ]
  if odd:
    raise UserError(f'the classes of the domains differ: {"; ".join(odd)}.')


def _domain(name: str, classes: dict[str, list]) -> transductive.Domain:
  paths = [path for files in classes.values() for path in files]
  y = np.repeat(np.arange(len(classes)), [len(f) for f in classes.values()])
  return transductive.Domain(
    name,
    lambda index: (str(paths[index]), paths[index]),
    y.astype(np.int32),
  )
