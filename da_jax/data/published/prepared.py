"""Reading published datasets, which TFDS prepares once.

It does so a domain at a time, into the cache
(`files.cache_folder`), under a fingerprint of the files that the examples come
from: files that have changed are prepared anew.
"""

from collections.abc import Mapping
import dataclasses
import hashlib
import pathlib
from typing import Any

import numpy as np

from da_jax.data.files import content
from da_jax.data.files.image_task import image_task
from da_jax.data.files.images import ImageFiles
from da_jax.data.pair import Domain, Examples, Task
from da_jax.data.published.record import Published, Records, find
from da_jax.files import cache_folder


def load(
  published: Published,
  data_dir: pathlib.Path,
  source: str,
  target: str,
  *,
  image_size: int | None = None,
  broken_files: str = 'refuse',
  backbone: str = 'resnet50',
) -> Task:
  """Reads two domains of image files.

  Args:
    published: which dataset.
    data_dir: its folder, or one with such a folder under a published name.
    source: name of a domain.
    target: name of another one.
    image_size: side of the images that the model sees, 224 if None.
    broken_files: 'refuse' or 'skip' what cannot be read.
    backbone: key of models.BACKBONES.

  Returns:
    RGB images, with the published protocol if there is a test split.

  Raises:
    UserError: the data are missing, a class is missing or unknown, a file is no
      image, or the cache cannot be written.
  """
  root, domains = find(published, data_dir, (source, target))
  return image_task(
    published.name,
    *(_domain(published, root, *item) for item in domains.items()),
    image_size=image_size,
    broken_files=broken_files,
    backbone=backbone,
    protocol='published' if 'test' in domains[target] else 'transductive',
  )


def stored(
  published: Published,
  root: pathlib.Path,
  domain: str,
  splits: Mapping[str, Records],
) -> tuple[Any, str]:
  """Prepares a domain unless it is.

  Returns:
    TFDS data source of its examples, in the order of `splits`, and the key of
    their content.

  Raises:
    UserError: the cache cannot be written.
  """
  from da_jax.data.published import builder, builders

  key = _fingerprint(root, splits)
  source = builder.prepared(
    builders.BUILDERS[published.name],
    domain,
    root,
    cache_folder() / 'tfds' / key,
    list(splits),
  )
  return source, key


def _fingerprint(root: pathlib.Path, splits: Mapping[str, Records]) -> str:
  digest = hashlib.sha256()
  for split, records in splits.items():
    digest.update(f'{split}\0'.encode())
    digest.update(records.y.astype(np.int32).tobytes())
    digest.update(content.key(records.sources, root).encode())
  return digest.hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class _Stored:
  """Reads encoded images out of a data source."""

  source: Any
  root: pathlib.Path

  def __call__(self, index: int) -> tuple[str, bytes]:
    record = self.source[index]
    return str(self.root / record['name'].decode()), record['image']


def _domain(
  published: Published,
  root: pathlib.Path,
  name: str,
  splits: Mapping[str, Records],
) -> Domain:
  source, key = stored(published, root, name, splits)
  y = np.concatenate([r.y for r in splits.values()]).astype(np.int32)
  files = ImageFiles(_Stored(source, root), np.arange(len(y)), size=0, key=key)
  return Domain(
    name,
    published.class_names,
    Examples(files, y),
    test_from=len(splits['train'].y) if 'test' in splits else None,
    names=[name for r in splits.values() for name in r.names],
  )
