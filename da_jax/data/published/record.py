"""Published datasets: what is known of each, and where its examples are."""

from collections.abc import Callable, Mapping, Sequence
import pathlib
from typing import NamedTuple

from absl import logging
import numpy as np

from da_jax.data.obtain.download import Remote
from da_jax.data.obtain.locate import locate


class Records(NamedTuple):
  """One split of a domain, before any example of it is read.

  Attributes:
    names: of the examples; of files, their paths below the dataset's folder.
    y: int [n], labels.
    read: index -> the path of an image file, an encoded image, uint8 [h, w] or
      [h, w, 3] of an image, or a row.
    sources: the files that the examples come from.
  """

  names: Sequence[str]
  y: np.ndarray
  read: Callable[[int], pathlib.Path | bytes | np.ndarray]
  sources: Sequence[pathlib.Path]


class Rows(NamedTuple):
  """Examples that are arrays of numbers, all of one shape."""

  shape: tuple[int, ...]
  dtype: type = np.float32


class File(NamedTuple):
  """A file to download.

  Attributes:
    remote: the file.
    folder: where below the dataset's folder the contents of an archive go, or
      of the one folder in it ('.': there); None for a file that is put there.
    domains: those for which it is needed; all if empty.
  """

  remote: Remote
  folder: str | None = '.'
  domains: tuple[str, ...] = ()


# (root, domain) -> split ('all', or 'train' and 'test') -> its records; {} if
# the domain is not there. Reads names and labels, no pixels.
RecordsFn = Callable[[pathlib.Path, str], dict[str, Records]]


class Published(NamedTuple):
  """What is known of a dataset beforehand.

  Attributes:
    name: key of the dataset, and of its builder in `builders`.
    counts: domain -> split -> published number of examples.
    class_names: in the order of the labels.
    folders: what its folder may be called in a folder of datasets; the first is
      where it is downloaded to.
    layout: the files expected there, in words.
    homepage: where to get it.
    citation: BibTeX.
    records: finds the examples of a domain.
    files: what can be downloaded; none if it has to be got by hand.
    rows: of examples that are no images.
  """

  name: str
  counts: Mapping[str, Mapping[str, int]]
  class_names: tuple[str, ...]
  folders: tuple[str, ...]
  layout: str
  homepage: str
  citation: str
  records: RecordsFn
  files: tuple[File, ...] = ()
  rows: Rows | None = None


def find(
  published: Published, data_dir: pathlib.Path, domains: Sequence[str]
) -> tuple[pathlib.Path, dict[str, dict[str, Records]]]:
  """Finds a dataset's folder and the examples of some domains in it.

  Numbers other than the published ones are only logged: subsets are legitimate.

  Raises:
    UserError: a domain is not there, or it is damaged.
  """
  found = {}

  def holds(folder: pathlib.Path) -> bool:
    found.update({d: published.records(folder, d) for d in domains})
    return all(found.values())

  root = locate(
    published.name,
    _candidates(published, data_dir),
    holds,
    f'{published.layout}, for {" and ".join(domains)}',
    f'{published.homepage} or by `python -m da_jax.data.prepare'
    f' {published.name}`',
  )
  for domain, splits in found.items():
    for split, records in splits.items():
      check_count(published, root, domain, split, len(records.y))
  return root, found


def present(
  published: Published, data_dir: pathlib.Path, domains: Sequence[str]
) -> tuple[pathlib.Path, dict[str, dict[str, Records]]] | None:
  """As `find`, if any of the domains is there, else None; logs nothing."""
  for root in _candidates(published, data_dir):
    found = {d: published.records(root, d) for d in domains}
    if any(found.values()):
      return root, found
  return None


def check_count(
  published: Published, root: pathlib.Path, domain: str, split: str, count: int
) -> None:
  """Logs a number of examples other than the published one."""
  expected = published.counts[domain][split]
  if count != expected:
    logging.warning(
      '%s: %s: %d examples, %d are published',
      root,
      split_name(domain, split),
      count,
      expected,
    )


def split_name(domain: str, split: str) -> str:
  """Name of a domain's split in TFDS."""
  return domain if split == 'all' else f'{domain}_{split}'


def _candidates(
  published: Published, data_dir: pathlib.Path
) -> list[pathlib.Path]:
  return [*(data_dir / folder for folder in published.folders), data_dir]
