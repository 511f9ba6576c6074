"""Downloading the files of a published dataset that are not there yet."""

from collections.abc import Sequence
import pathlib
import shutil
import sys

from da_jax.data.obtain.archives import extract
from da_jax.data.obtain.download import fetch
from da_jax.data.published.record import Published, present
from da_jax.errors import UserError

DOWNLOADS = 'downloads'  # folder of archives in the folder of datasets


def acquire(
  published: Published, data_dir: pathlib.Path, domains: Sequence[str]
) -> None:
  """Downloads what some domains need and is not there.

  Args:
    published: which dataset.
    data_dir: folder of datasets.
    domains: names.

  Raises:
    UserError: there is nothing to download, or a file cannot be downloaded or
      unpacked.
  """
  there = present(published, data_dir, domains)
  root, found = there or (data_dir / published.folders[0], {})
  missing = {domain for domain in domains if not found.get(domain)}
  if not found and not published.files:
    raise UserError(
      f'{published.name} has to be got by hand: from {published.homepage}. Put'
      f' {published.layout} into {root.absolute()}.'
    )
  for file in published.files:
    if not missing.intersection(file.domains or domains):
      continue
    if file.folder is None:
      _say(file.remote.name)
      fetch(file.remote, root)
    elif not (folder := root / file.folder).is_dir():
      _say(file.remote.name)
      unpack(fetch(file.remote, data_dir / DOWNLOADS), folder)


def unpack(archive: pathlib.Path, folder: pathlib.Path) -> None:
  """Unpacks what an archive has, or what the one folder in it has.

  Args:
    archive: zip or tar.
    folder: appears only when it is complete.

  Raises:
    UserError: the archive is damaged.
  """
  folder.parent.mkdir(parents=True, exist_ok=True)
  temporary = folder.with_name(f'.{folder.name}.unpacked')
  entries = list(extract(archive, temporary).iterdir())
  if len(entries) == 1 and entries[0].is_dir():
    entries[0].rename(folder)
    shutil.rmtree(temporary)
  else:
    temporary.rename(folder)


def _say(name: str) -> None:
  print(f'getting {name} ...', file=sys.stderr)
