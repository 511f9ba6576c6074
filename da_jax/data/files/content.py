"""A key of the content of many files, fast when they were read before.

Digests are remembered by path, size and time of change, so that of a large tree
only what is new is read again. A file that was changed within the last seconds
is not remembered: another change could leave it with the same time.
"""

from collections.abc import Mapping, Sequence
import hashlib
import json
import pathlib
import time

from absl import logging

from da_jax.data.files import threads
from da_jax.errors import UserError
from da_jax.files import cache_folder, write_atomically

_YOUNG = 2 * 10**9  # ns: the coarsest clock of a file system in use ticks so
_CHUNK = 4096  # files handed to the threads at once

_Known = dict[str, tuple[int, int, str]]  # name -> size, time of change, digest


def key(paths: Sequence[pathlib.Path], root: pathlib.Path) -> str:
  """Says what is in the files: other bytes, names or order, another key.

  `blake2b(name_1 \\0 digest_1 \\n name_2 \\0 digest_2 \\n ...)`, names relative
  to the root with forward slashes.

  Args:
    paths: the files, in an order that means something.
    root: folder above them.

  Returns:
    32 hexadecimal digits.

  Raises:
    UserError: a file cannot be read.
  """
  index = _index(root)
  known = _remembered(index)
  names = [path.relative_to(root).as_posix() for path in paths]
  digests = _digests(dict(zip(names, paths, strict=True)), known, index)
  whole = _hash()
  for name in names:
    whole.update(f'{name}\0{digests[name]}\n'.encode())
  return whole.hexdigest()


def _digests(
  paths: Mapping[str, pathlib.Path], known: _Known, index: pathlib.Path
) -> dict[str, str]:
  now = time.time_ns()
  digests, stamps = {}, {}
  for name, path in paths.items():
    try:
      stat = path.stat()
    except OSError as error:
      raise _unreadable(path, error) from error
    stamps[name] = (stat.st_size, stat.st_mtime_ns)
    *stamp, digest = known.get(name, (None, None, None))
    if tuple(stamp) == stamps[name]:
      digests[name] = digest
  unknown = [name for name in paths if name not in digests]
  chosen = [paths[name] for name in unknown]
  read = threads.mapped(_digest, chosen, chunk=_CHUNK, doing='reading')
  digests |= zip(unknown, read, strict=True)
  settled = [name for name in unknown if stamps[name][1] < now - _YOUNG]
  if settled:
    known |= {name: (*stamps[name], digests[name]) for name in settled}
    _remember(index, known)
  return digests


def _digest(path: pathlib.Path) -> str:
  try:
    with path.open('rb') as file:
      return hashlib.file_digest(file, _hash).hexdigest()
  except OSError as error:
    raise _unreadable(path, error) from error


def _hash():
  return hashlib.blake2b(digest_size=16)


def _unreadable(path: pathlib.Path, error: OSError) -> UserError:
  return UserError(
    f'{path} cannot be read ({error.strerror}): repair or remove it.'
  )


def _index(root: pathlib.Path) -> pathlib.Path:
  name = hashlib.blake2b(str(root.resolve()).encode(), digest_size=16)
  return cache_folder() / 'content' / f'{name.hexdigest()}.json'


def _remembered(index: pathlib.Path) -> _Known:
  try:
    known = json.loads(index.read_text())
    return {
      name: (size, at, digest) for name, (size, at, digest) in known.items()
    }
  except (OSError, ValueError, AttributeError, TypeError):
    return {}  # there is none, or it is damaged: everything is read


def _remember(index: pathlib.Path, known: _Known) -> None:
  try:
    index.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(index, json.dumps(known))
  except OSError as error:
    logging.info('%s cannot be written: %s', index, error)
