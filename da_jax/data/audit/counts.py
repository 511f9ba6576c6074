"""What is in a domain: classes, sizes, ranges, contents. Judges nothing."""

from collections.abc import Sequence
from concurrent import futures
import functools
import hashlib
import io
import itertools
import os
import pathlib
from typing import Any, NamedTuple

import numpy as np

from da_jax.data.files.images import ImageFiles

# Examples read of a domain; of more, so many are drawn.
READ = 100_000
_CHUNK = 64


class Counts(NamedTuple):
  """How many examples each class has."""

  names: tuple[str, ...]
  counts: tuple[int, ...]
  imbalance: float  # largest / smallest class that has any; NaN without one


class Ranges(NamedTuple):
  """What values there are, by channel: the last axis, one for token ids."""

  low: np.ndarray  # float64 [c], of the finite values; inf without one
  high: np.ndarray  # float64 [c], -inf without one
  total: np.ndarray  # float64 [c], their sum
  finite: np.ndarray  # int64 [c], their number
  missing: int  # values that are not finite

  @property
  def mean(self) -> np.ndarray:
    """Of the finite values, float64 [c]; NaN without one."""
    with np.errstate(invalid='ignore'):
      return self.total / self.finite


class Scan(NamedTuple):
  """What reading a domain found."""

  rows: np.ndarray  # int64 [m], those that were read, in order
  digests: tuple[bytes, ...]  # of their contents: equal if those are
  ranges: Ranges


def count(y: np.ndarray, names: Sequence[str]) -> Counts:
  """Counts the examples of every class.

  Args:
    y: int [n], indices of `names`.
    names: the k classes.
  """
  counts = np.bincount(y, minlength=len(names))
  present = counts[counts > 0]
  imbalance = present.max() / present.min() if present.size else np.nan
  return Counts(tuple(names), tuple(counts.tolist()), float(imbalance))


def is_tokens(x: np.ndarray) -> bool:
  """Whether examples are rows of token ids, which have no magnitude."""
  return x.ndim == 2 and np.issubdtype(x.dtype, np.signedinteger)


def ranges(x: np.ndarray) -> Ranges:
  """Lowest, highest and mean value of every channel.

  Args:
    x: [n, ..., c]; token ids int [n, t], which are one channel; or texts
      object [n], of which it is the number of characters.
  """
  if x.dtype == object:
    x = np.array([[len(text)] for text in x])
  x = x.reshape(-1, 1 if is_tokens(x) else x.shape[-1])
  finite = np.isfinite(x)
  floats = np.issubdtype(x.dtype, np.floating)
  most = np.inf if floats else np.iinfo(x.dtype).max
  least = -np.inf if floats else np.iinfo(x.dtype).min
  return Ranges(
    np.min(x, axis=0, where=finite, initial=most).astype(np.float64),
    np.max(x, axis=0, where=finite, initial=least).astype(np.float64),
    np.sum(x, axis=0, where=finite, dtype=np.float64),
    np.sum(finite, axis=0),
    int(x.size - np.sum(finite)),
  )


def merge(a: Ranges, b: Ranges) -> Ranges:
  """The ranges of two sets together."""
  return Ranges(
    np.minimum(a.low, b.low),
    np.maximum(a.high, b.high),
    a.total + b.total,
    a.finite + b.finite,
    a.missing + b.missing,
  )


def magnitude_gap(a: Ranges, b: Ranges) -> tuple[int, float]:
  """The channel whose spread, high - low, differs most, and by which factor.

  Args:
    a: of c channels.
    b: of the same channels.

  Returns:
    Channel and factor >= 1. Channels that are constant in one of the sets do
    not count, unless all are: then the factor is infinite.
  """
  spreads = np.stack([a.high - a.low, b.high - b.low])
  constant = ~np.any(spreads > 0, axis=1)
  if constant.any():
    return 0, 1.0 if constant.all() else np.inf
  ratio = np.ones(spreads.shape[1])
  varied = np.all(spreads > 0, axis=0)
  ratio[varied] = spreads[0, varied] / spreads[1, varied]
  ratio = np.maximum(ratio, 1 / ratio)
  return int(np.argmax(ratio)), float(np.max(ratio))


def scan(x: Any, limit: int = READ) -> Scan:
  """Reads examples once, for their contents and values.

  Args:
    x: of `Examples`.
    limit: examples to read; of more, so many are drawn.
  """
  rows = draw(np.arange(len(x)), limit)
  chunks = [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]
  with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    found = list(pool.map(functools.partial(_scan_chunk, x), chunks))
  digests = tuple(itertools.chain.from_iterable(part for part, _ in found))
  return Scan(rows, digests, functools.reduce(merge, (r for _, r in found)))


def draw(rows: np.ndarray, limit: int) -> np.ndarray:
  """At most `limit` of the rows, ascending, the same ones every time."""
  if len(rows) <= limit:
    return rows
  rng = np.random.default_rng(0)
  return np.sort(rng.choice(rows, limit, replace=False))


def original_sizes(files: ImageFiles, limit: int = READ) -> np.ndarray:
  """Width and height of image files before they are resized.

  Args:
    files: the images; those that cannot be read do not count.
    limit: files to read; of more, so many are drawn.

  Returns:
    int64 [m, 2], smallest area first.
  """
  with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    indices = draw(files.indices, limit).tolist()
    found = list(pool.map(lambda index: _size(files.read(index)[1]), indices))
  sizes = np.array([size for size in found if size], np.int64).reshape(-1, 2)
  return sizes[np.argsort(sizes.prod(axis=1), kind='stable')]


def _size(data: bytes | pathlib.Path) -> tuple[int, int] | None:
  from PIL import Image

  stream = io.BytesIO(data) if isinstance(data, bytes) else data
  try:
    with Image.open(stream) as image:
      return image.size
  except OSError:
    return None


def _scan_chunk(x: Any, rows: np.ndarray) -> tuple[list[bytes], Ranges]:
  values = x[rows]
  digests = [
    hashlib.blake2b(_content(value), digest_size=16).digest()
    for value in values
  ]
  return digests, ranges(values)


def _content(value: np.ndarray | str) -> Any:
  if isinstance(value, str):
    return value.encode()
  return np.ascontiguousarray(value)
