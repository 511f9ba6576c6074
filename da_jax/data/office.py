"""Published image domains in folders of classes, read through TFDS.

The tree is prepared once, into `$DA_JAX_CACHE` (else `~/.cache/da_jax/tfds`),
under a fingerprint of its file names and sizes: a tree that has changed is
prepared anew.
"""

import hashlib
import os
import pathlib
from typing import NamedTuple

from absl import logging
import numpy as np

from da_jax.data import trees
from da_jax.data.image_task import image_task
from da_jax.data.images import ImageFiles
from da_jax.data.locate import locate
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError


class Published(NamedTuple):
  """What is known of a dataset beforehand.

  Attributes:
    name: key of the dataset, and of its builder in `office_builders`.
    counts: domain -> published number of images.
    class_names: sorted.
    folders: what its folder may be called in a folder of datasets.
    url: where to get it.
  """

  name: str
  counts: dict[str, int]
  class_names: tuple[str, ...]
  folders: tuple[str, ...]
  url: str


def load(
  published: Published,
  data_dir: pathlib.Path,
  source: str,
  target: str,
  image_size: int | None,
) -> Task:
  """Reads two domains; the target's images are all for training and testing.

  Args:
    published: which dataset.
    data_dir: folder of `<domain>/<class>/*` or `<domain>/images/<class>/*`, or
      one with such a folder under one of the published names.
    source: name of a domain.
    target: name of another one.
    image_size: side of the images that the model sees, 224 if None.

  Returns:
    RGB images.

  Raises:
    UserError: the data are missing, a class folder is missing or unknown, a
      file is no image, or the cache cannot be written.
  """
  from da_jax.data import office_builders

  root = locate(
    published.name,
    [*(data_dir / folder for folder in published.folders), data_dir],
    lambda folder: all((folder / name).is_dir() for name in (source, target)),
    f'{source}/<class>/* and {target}/<class>/*, or {source}/images/<class>/*'
    f' and {target}/images/<class>/*',
    published.url,
  )
  files = scan(published, root)
  builder = office_builders.prepared(
    published.name, root, _cache() / _fingerprint(root, files)
  )
  return image_task(
    published.name,
    *(_domain(builder, root, name, published) for name in (source, target)),
    image_size=image_size,
    backbone='resnet50',
  )


def scan(
  published: Published, root: pathlib.Path
) -> dict[str, dict[str, list[pathlib.Path]]]:
  """Lists the images of every domain that is there, by class.

  Args:
    published: what to expect.
    root: folder of the domains.

  Returns:
    Domain -> class -> files. A number of images other than the published one
    is only logged: subsets are legitimate.

  Raises:
    UserError: a class is missing, unknown or empty.
  """
  present = [name for name in published.counts if (root / name).is_dir()]
  domains = {}
  for domain in present:
    nested = root / domain / 'images'
    base = nested if nested.is_dir() else root / domain
    domains[domain] = trees.scan(base)
    _check_classes(base, published.class_names, tuple(domains[domain]))
    count = sum(map(len, domains[domain].values()))
    if count != published.counts[domain]:
      logging.warning(
        '%s: %d images, %d are published',
        base,
        count,
        published.counts[domain],
      )
  return domains


def _check_classes(
  base: pathlib.Path, expected: tuple[str, ...], found: tuple[str, ...]
) -> None:
  missing, unknown = set(expected) - set(found), set(found) - set(expected)
  for kind, names in (('missing', missing), ('unknown', unknown)):
    if names:
      raise UserError(
        f'{base}: {kind} class folders {", ".join(sorted(names))}; expected'
        f' {", ".join(expected)}.'
      )


def _cache() -> pathlib.Path:
  folder = os.environ.get('DA_JAX_CACHE') or '~/.cache/da_jax/tfds'
  return pathlib.Path(folder).expanduser()


def _fingerprint(root: pathlib.Path, domains: dict[str, dict]) -> str:
  digest = hashlib.sha256()
  for classes in domains.values():
    for path in (path for files in classes.values() for path in files):
      name = path.relative_to(root).as_posix()
      digest.update(f'{name}\0{path.stat().st_size}\0'.encode())
  return digest.hexdigest()[:16]


def _domain(
  builder, root: pathlib.Path, name: str, published: Published
) -> Domain:
  import tensorflow_datasets as tfds

  records = builder.as_data_source(
    name, decoders={'image': tfds.decode.SkipDecoding()}
  )
  names = [record['name'].decode() for record in records]

  def read(index: int) -> tuple[str, bytes]:
    return str(root / names[index]), records[index]['image']

  y = np.array([record['label'] for record in records], np.int32)
  files = ImageFiles(read, np.arange(len(y)), size=0)
  return Domain(name, published.class_names, Examples(files, y), names=names)
