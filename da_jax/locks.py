"""One run at a time in a folder.

The lock is `flock` on a file of the folder: it ends with its process, however
that ends, so that none is ever stale. It is seen by all processes of a machine
and, where the file system passes it on (NFS 4, GPFS, Lustre mounted with
`flock`), by those of others; elsewhere other machines do not see it. The text
in the file is for people and decides nothing.
"""

from collections.abc import Iterator
import contextlib
import fcntl
import os
import pathlib
import platform
import time
from typing import IO

from absl import logging

from da_jax.errors import UserError

FILE = 'lock'


@contextlib.contextmanager
def held(folder: pathlib.Path) -> Iterator[None]:
  """Holds the lock of a folder.

  Raises:
    UserError: another process has it.
    OSError: the folder cannot be written.
  """
  with (folder / FILE).open('a+') as file:
    if not _taken(file):
      file.seek(0)
      raise UserError(
        f'another run is going on in {folder} ({file.read().strip()}): wait for'
        ' its end or choose another --workdir.'
      )
    file.truncate(0)
    since = time.strftime('%Y-%m-%d %H:%M:%S')
    file.write(f'process {os.getpid()} on {platform.node()} since {since}\n')
    file.flush()
    yield


def claim(path: pathlib.Path) -> IO[str] | None:
  """Takes the lock of a file, which is made; None where another has it.

  Raises:
    OSError: it cannot be written.
  """
  file = path.open('a')
  if _taken(file):
    return file
  file.close()
  return None


def is_held(folder: pathlib.Path) -> bool:
  """Whether a process has the lock of a folder."""
  try:
    with (folder / FILE).open() as file:
      return not _taken(file, fcntl.LOCK_SH)
  except FileNotFoundError:
    return False


def _taken(file: IO[str], kind: int = fcntl.LOCK_EX) -> bool:
  """Takes the lock of an open file, for as long as it is open."""
  try:
    fcntl.flock(file, kind | fcntl.LOCK_NB)
  except BlockingIOError:
    return False
  except OSError as error:
    # Some network file systems have no locks; they are no reason not to run.
    logging.warning('%s cannot be locked: %s', file.name, error.strerror)
  return True
