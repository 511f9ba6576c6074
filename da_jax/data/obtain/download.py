"""Published files: from the first mirror that gives what was published."""

import hashlib
import pathlib
import time
from typing import NamedTuple

from absl import logging

from da_jax.data.obtain.transfer import (
  BrokenError,
  MirrorError,
  remove,
  transfer,
)
from da_jax.errors import UserError


class Remote(NamedTuple):
  """A published file.

  Attributes:
    name: file name to store it under.
    urls: mirrors, tried in order.
    checksum: 'sha256:<hex>' or 'md5:<hex>', or its beginning where no more of
      it is published; None if none is.
    size: bytes, if known.
  """

  name: str
  urls: tuple[str, ...]
  checksum: str | None = None
  size: int | None = None


def fetch(
  remote: Remote,
  folder: pathlib.Path,
  *,
  timeout: float = 30.0,
  attempts: int = 3,
) -> pathlib.Path:
  """Downloads a file unless it is there, and verifies it in either case.

  What an interrupted download has so far stays in `folder/.<name>.part` and
  the next one goes on from there.

  Args:
    remote: which file.
    folder: where to store it; made if missing.
    timeout: seconds to wait for the connection and for each piece of data.
    attempts: requests to one mirror whose connection breaks.

  Returns:
    Path of the file.

  Raises:
    UserError: the file that is there is another one, no mirror gives the right
      one, the disk is full or the folder cannot be written.
  """
  path = folder / remote.name
  part = folder / f'.{remote.name}.part'
  try:
    if path.exists():
      return _present(remote, path)
    folder.mkdir(parents=True, exist_ok=True)
    reasons = []
    for url in remote.urls:
      try:
        _from_mirror(remote, url, part, timeout, attempts)
      except MirrorError as error:
        logging.warning('%s: %s', url, error)
        reasons.append(f'{url}: {error}')
      else:
        part.replace(path)
        remove(part)
        return path
  except OSError as error:
    needs = '' if remote.size is None else f' of {remote.size} bytes'
    raise UserError(
      f'{folder} cannot take {remote.name}{needs} ({error}): make it a folder'
      ' that can be written or name another.'
    ) from error
  raise UserError(
    f'{remote.name} could not be downloaded.'
    f' {"; ".join(reasons) or "No address is known"}. Get it by hand and put it'
    f' at {path.absolute()}.'
  )


def _present(remote: Remote, path: pathlib.Path) -> pathlib.Path:
  wrong = _difference(remote, path)
  if wrong:
    raise UserError(
      f'{path} is not the published file: it {wrong}. Remove it, so that it is'
      ' downloaded, or put the right one there.'
    )
  logging.info('%s is there.', path)
  return path


def _from_mirror(
  remote: Remote, url: str, part: pathlib.Path, timeout: float, attempts: int
) -> None:
  """Completes the part, or raises MirrorError."""
  for attempt in range(1, attempts + 1):
    try:
      resumed = transfer(
        url,
        part,
        size=remote.size,
        verified=remote.checksum is not None,
        timeout=timeout,
      )
    except BrokenError as error:
      if attempt == attempts:
        raise MirrorError(f'broke off {attempts} times, {error}') from error
      time.sleep(attempt)
      continue
    wrong = _difference(remote, part)
    if not wrong:
      return
    remove(part)
    # The beginning may have been of another mirror or an older file.
    if not resumed or attempt == attempts:
      raise MirrorError(wrong)


def _difference(remote: Remote, path: pathlib.Path) -> str | None:
  """How a file differs from the published one, if it does."""
  size = path.stat().st_size
  if remote.size not in (None, size):
    return f'has {size} bytes, expected {remote.size}'
  algorithm, _, expected = (remote.checksum or 'sha256:').partition(':')
  with path.open('rb') as file:
    found = hashlib.file_digest(file, algorithm).hexdigest()
  if remote.checksum is None:
    logging.warning(
      '%s: no checksum is published to compare with; sha256 %s',
      remote.name,
      found,
    )
  elif not found.startswith(expected.lower()):
    return f'has {algorithm} {found}, expected {expected}'
  return None
