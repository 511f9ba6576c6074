"""One HTTP transfer into a partial file, going on from where that stands."""

from collections.abc import Iterator
import errno
import http.client
import pathlib
import urllib.error
import urllib.request

from da_jax.errors import UserError

_BLOCK = 1 << 16


class MirrorError(Exception):
  """Why a mirror does not give the file."""


class BrokenError(MirrorError):
  """The transfer ended early; asking again may give the rest."""


def transfer(
  url: str,
  part: pathlib.Path,
  *,
  size: int | None,
  verified: bool,
  timeout: float,
) -> bool:
  """Writes what the part lacks: one request.

  Args:
    url: where the file is.
    part: its beginning, if it exists.
    size: bytes of the whole file, if known.
    verified: whether a checksum of the whole will be compared. If not, the
      part goes on only where the server says that it is of the same file: its
      ETag or date is kept next to the part and sent as `If-Range`.
    timeout: seconds to wait for the connection and for each piece of data.

  Returns:
    Whether bytes that were there before are part of the result.

  Raises:
    BrokenError: the connection ended before the file.
    MirrorError: the server cannot be reached, has no such file or another.
    UserError: the disk is full.
  """
  start = part.stat().st_size if part.exists() else 0
  tag = _read_tag(part)
  if not verified and tag is None:
    start = 0
  request = urllib.request.Request(url, headers={'User-Agent': 'da_jax'})
  if start:
    request.add_header('Range', f'bytes={start}-')
    if not verified:
      request.add_header('If-Range', tag)
  response = _open(request, timeout)
  with response:
    if response.status == 416 and start:
      return _at_end(response, part, start, verified)
    _check(response, start)
    resumed = start > 0 and response.status == 206
    total = _total(response, start if resumed else 0, size)
    if not resumed:
      remove(part)
      if not verified:
        _write_tag(part, response.headers)
    _write(_blocks(response), part, total)
  if total is not None and part.stat().st_size < total:
    raise BrokenError(f'ended at byte {part.stat().st_size} of {total}')
  return resumed


def remove(part: pathlib.Path) -> None:
  """Removes a part and what is kept next to it."""
  part.unlink(missing_ok=True)
  _tag_file(part).unlink(missing_ok=True)


def _open(request: urllib.request.Request, timeout: float):
  try:
    return urllib.request.urlopen(request, timeout=timeout)
  except urllib.error.HTTPError as error:
    return error  # a response as well
  except urllib.error.URLError as error:
    raise MirrorError(str(error.reason)) from error
  except (OSError, http.client.HTTPException) as error:
    raise BrokenError(str(error) or type(error).__name__) from error


def _at_end(response, part, start: int, verified: bool) -> bool:
  """The server has nothing after the part: it is whole, or of another file."""
  stated = response.headers.get('Content-Range')
  if not verified and stated != f'bytes */{start}':
    remove(part)
    raise BrokenError(f'has not the {start} bytes that were there')
  return True


def _check(response, start: int) -> None:
  if response.status not in (200, 206):
    raise MirrorError(f'HTTP {response.status} {response.reason}')
  if response.headers.get_content_type() == 'text/html':
    raise MirrorError('answered with a web page')
  stated = response.headers.get('Content-Range', '')
  if response.status == 206 and not stated.startswith(f'bytes {start}-'):
    raise MirrorError(f'sent {stated!r} when asked from byte {start} on')


def _total(response, start: int, size: int | None) -> int | None:
  """Bytes of the whole file, if known."""
  length = response.headers.get('Content-Length')
  if length is None:
    return size
  total = start + int(length)
  if size not in (None, total):
    raise MirrorError(f'has a file of {total} bytes, expected {size}')
  return total


def _blocks(response) -> Iterator[bytes]:
  try:
    # `read` would lose what came before a pause that is too long.
    while block := response.read1(_BLOCK):
      yield block
  except (OSError, http.client.HTTPException) as error:
    raise BrokenError(str(error) or type(error).__name__) from error


def _write(blocks: Iterator[bytes], part: pathlib.Path, total: int | None):
  import tqdm

  try:
    with (
      part.open('ab') as file,
      tqdm.tqdm(
        desc=part.name.removeprefix('.').removesuffix('.part'),
        total=total,
        initial=file.tell(),
        unit='B',
        unit_scale=True,
        leave=False,
        disable=None,
      ) as bar,
    ):
      for block in blocks:
        file.write(block)
        bar.update(len(block))
  except OSError as error:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
      raise
    lacks = '' if total is None else f'{total - part.stat().st_size} '
    raise UserError(
      f'The disk of {part.parent} is full: {lacks}more bytes are needed. Make'
      f' room and start again; it goes on from {part.name}.'
    ) from error


def _tag_file(part: pathlib.Path) -> pathlib.Path:
  return part.with_suffix('.tag')


def _read_tag(part: pathlib.Path) -> str | None:
  path = _tag_file(part)
  return path.read_text() if path.is_file() else None


def _write_tag(part: pathlib.Path, headers) -> None:
  tag = headers.get('ETag') or headers.get('Last-Modified')
  if tag:
    _tag_file(part).write_text(tag)
