"""Unpacking zip and tar archives that nobody vouches for."""

from collections.abc import Sequence
import lzma
import os
import pathlib
import shutil
import stat
import tarfile
from typing import NoReturn
import zipfile
import zlib

from da_jax.errors import UserError

_DAMAGE = (
  EOFError,
  UnicodeDecodeError,
  lzma.LZMAError,
  tarfile.TarError,
  zipfile.BadZipFile,
  zlib.error,
)


def extract(archive: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
  """Unpacks an archive into a folder that appears only when it is complete.

  What macOS adds (`__MACOSX`, `.DS_Store`, `._*`) is left out.

  Args:
    archive: zip or tar, the latter as it is or compressed, under any name.
    folder: where to; if it exists, nothing is done.

  Returns:
    The folder.

  Raises:
    UserError: the archive is damaged, does not fit on the disk, or has a
      member that is encrypted, no file or would be outside of the folder.
  """
  if folder.is_dir():
    return folder
  temporary = folder.with_name(f'.{folder.name}.{os.getpid()}.tmp')
  try:
    # A killed process may have left one under a number that came again.
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    _unpack(archive, temporary)
    temporary.rename(folder)
  except _DAMAGE as error:
    _refuse_damaged(archive, error)
  except NotImplementedError as error:
    raise UserError(
      f'{archive} cannot be unpacked here ({error}): unpack it into {folder} by'
      ' other means.'
    ) from error
  except OSError as error:
    # Decompressors report damage without a number.
    if error.errno is None:
      _refuse_damaged(archive, error)
    raise UserError(
      f'{archive} cannot be unpacked into {folder}: {error}.'
    ) from error
  finally:
    shutil.rmtree(temporary, ignore_errors=True)
  return folder


def _refuse_damaged(archive: pathlib.Path, error: Exception) -> NoReturn:
  reason = str(error) or type(error).__name__
  raise UserError(
    f'{archive} is damaged ({reason}): remove it and get it again.'
  ) from error


def _unpack(archive: pathlib.Path, folder: pathlib.Path) -> None:
  if archive.stat().st_size == 0:
    raise UserError(f'{archive} is empty: remove it and get it again.')
  # In this order: a tar may end with a zip, which is then found at its end.
  if tarfile.is_tarfile(archive):
    _unpack_tar(archive, folder)
  elif zipfile.is_zipfile(archive):
    _unpack_zip(archive, folder)
  else:
    raise UserError(
      f'{archive} is neither a zip nor a tar archive, or was cut short: remove'
      ' it and get it again.'
    )


def _unpack_zip(archive: pathlib.Path, folder: pathlib.Path) -> None:
  with zipfile.ZipFile(archive) as file:
    members = [m for m in file.infolist() if _wanted(m.filename)]
    for member in members:
      _check_path(archive, member.filename, member.filename)
      if member.flag_bits & 1:
        _refuse(archive, member.filename, 'is encrypted')
      kind = stat.S_IFMT(member.external_attr >> 16)
      if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        _refuse(archive, member.filename, 'is neither a file nor a folder')
    _check_size(archive, folder, [member.file_size for member in members])
    for member in _bar(archive, members):
      file.extract(member, folder)


def _unpack_tar(archive: pathlib.Path, folder: pathlib.Path) -> None:
  with tarfile.open(archive) as file:
    members = [m for m in file.getmembers() if _wanted(m.name)]
    _check_end(file)
    links = {pathlib.PurePosixPath(m.name) for m in members if m.issym()}
    for member in members:
      _check_tar_member(archive, member, links)
    _check_size(archive, folder, [member.size for member in members])
    for member in _bar(archive, members):
      file.extract(member, folder, filter='data')


def _check_end(file: tarfile.TarFile) -> None:
  # `tarfile` takes a damaged header for the end, and stops before the checksum
  # of the compressed stream.
  file.fileobj.seek(file.offset)
  if file.fileobj.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
    raise tarfile.ReadError(f'no member and no end at byte {file.offset}')
  while file.fileobj.read(1 << 20):
    pass


def _check_tar_member(
  archive: pathlib.Path,
  member: tarfile.TarInfo,
  links: set[pathlib.PurePosixPath],
) -> None:
  """Refuses what is not inside, whatever the order of unpacking."""
  path = pathlib.PurePosixPath(member.name)
  _check_path(archive, member.name, member.name)
  if links & set(path.parents):
    _refuse(archive, member.name, 'is below a link')
  if member.issym():
    # Only first up, then down: `..` after a link may lead anywhere.
    parts = pathlib.PurePosixPath(member.linkname).parts
    up = next((i for i, p in enumerate(parts) if p != '..'), len(parts))
    below = '/'.join(parts[up:])
    if up >= len(path.parts):
      _refuse(archive, member.name, f'links to {member.linkname}, outside')
    _check_path(archive, member.name, below)
  elif member.islnk():
    target = pathlib.PurePosixPath(member.linkname)
    _check_path(archive, member.name, member.linkname)
    if links & {target, *target.parents}:
      _refuse(archive, member.name, f'links to a link, {member.linkname}')
  elif not member.isfile() and not member.isdir():
    _refuse(archive, member.name, 'is neither a file, a folder nor a link')


def _check_path(archive: pathlib.Path, member: str, path: str) -> None:
  # Windows' rules include those of POSIX.
  windows = pathlib.PureWindowsPath(path)
  if windows.anchor or '..' in windows.parts:
    _refuse(archive, member, f'would be outside of the folder, at {path}')


def _refuse(archive: pathlib.Path, member: str, reason: str) -> NoReturn:
  raise UserError(
    f'{archive}: its member {member!r} {reason}. Nothing was unpacked; get the'
    ' archive from where it was published.'
  )


def _check_size(
  archive: pathlib.Path, folder: pathlib.Path, sizes: Sequence[int]
) -> None:
  if not sizes:
    raise UserError(f'{archive} has no files: remove it and get it again.')
  needed, free = sum(sizes), shutil.disk_usage(folder).free
  if needed > free:
    raise UserError(
      f'{archive} needs {needed} bytes unpacked and the disk of'
      f' {folder.parent} has {free} left: make room.'
    )


def _wanted(name: str) -> bool:
  parts = pathlib.PurePosixPath(name).parts
  return not any(
    part in ('__MACOSX', '.DS_Store') or part.startswith('._') for part in parts
  )


def _bar(archive: pathlib.Path, members: Sequence):
  import tqdm

  return tqdm.tqdm(
    members, archive.name, unit='file', delay=2, leave=False, disable=None
  )
