"""Archives that are damaged, cut short or larger than they say."""

import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from da_jax.data.obtain import archives
from da_jax.errors import UserError
from tests.data.obtain.packing import (
  FILES,
  FORMATS,
  assert_refused,
  patch,
  unpacked,
  write,
  write_tar,
  write_zip,
)


@pytest.mark.parametrize('kind', ['zip', 'tar'])
def test_what_does_not_fit_on_the_disk_is_refused(
  archive, out, kind, monkeypatch
):
  write(archive, FILES, kind)
  needed = sum(map(len, FILES.values()))
  usage = archives.shutil.disk_usage(archive)

  def free(count):
    return lambda path: usage._replace(free=count)

  monkeypatch.setattr(archives.shutil, 'disk_usage', free(needed - 1))
  assert_refused(archive, out, f'{needed} bytes.* {needed - 1} left')
  monkeypatch.setattr(archives.shutil, 'disk_usage', free(needed))
  assert unpacked(archives.extract(archive, out)) == FILES


def test_a_bomb_is_refused(archive, out):
  write_zip(archive, {'bomb': b'x'}, zipfile.ZIP_STORED)
  # Size packed, size unpacked, length of the name, in both directories.
  old = b'\1\0\0\0\1\0\0\0\4\0'
  patch(archive, old, b'\1\0\0\0\xfe\xff\xff\xff\4\0', count=2)
  data = archive.read_bytes()
  entry = data[data.index(b'PK\1\2') : data.index(b'PK\5\6')]
  end = bytearray(data[-22:])
  many = 60_000  # names of one entry, of 4 GB each
  end[8:12] = many.to_bytes(2, 'little') * 2
  end[12:16] = (many * len(entry)).to_bytes(4, 'little')
  start = data[: data.index(b'PK\1\2')]
  archive.write_bytes(start + entry * many + bytes(end))
  assert_refused(archive, out, f'needs {many * 0xFFFFFFFE} bytes')


def test_more_than_is_declared_is_not_written(archive, out):
  write_zip(archive, {'bomb': bytes(10**6)})
  old, new = (size.to_bytes(4, 'little') for size in (10**6, 10))
  patch(archive, old, new, count=2)
  assert_refused(archive, out, 'damaged.*CRC')


def test_a_name_that_is_no_text_is_damage(archive, out):
  write_zip(archive, {'ü': b'x'})
  patch(archive, 'ü'.encode(), b'\xff\xff', count=2)
  assert_refused(archive, out, 'damaged.*utf-8')


def test_an_empty_file_is_named(archive, out):
  archive.touch()
  assert_refused(archive, out, 'is empty')


@pytest.mark.parametrize('kind', FORMATS)
def test_an_archive_of_nothing_is_refused(archive, out, kind):
  write(archive, {'.DS_Store': b'x'}, kind)
  assert_refused(archive, out, 'has no files')


@pytest.mark.parametrize(
  'content', [b'<html>not found</html>', b'\x1f\x8b', b'x' * 5000]
)
def test_other_files_are_refused(archive, out, content):
  archive.write_bytes(content)
  assert_refused(archive, out, 'neither a zip nor a tar|damaged')


@pytest.mark.parametrize('kind', FORMATS)
def test_a_truncated_archive_is_refused(archive, out, kind):
  write(archive, FILES, kind)
  content = archive.read_bytes()
  # What follows a tar's two blocks of zeros, 1024 bytes, is only padding.
  whole = len(content) if kind != 'tar' else len(content.rstrip(b'\0'))
  for size in np.linspace(1, whole - 1, 40).astype(int).tolist():
    archive.write_bytes(content[:size])
    assert_refused(archive, out, 'cut short|damaged')


@pytest.mark.parametrize('kind', ['tar', 'tar.gz'])
def test_a_tar_that_ends_between_members_is_refused(archive, out, kind):
  write_tar(archive, FILES)
  ends_before = archive.read_bytes().index(b'empty\0')
  assert ends_before % tarfile.BLOCKSIZE == 0
  content = archive.read_bytes()[:ends_before]
  archive.write_bytes(content if kind == 'tar' else _gzip(content))
  assert_refused(archive, out, f'no member and no end at byte {ends_before}')


def _gzip(content):
  deflate = zlib.compressobj(wbits=31)
  return deflate.compress(content) + deflate.flush()


def test_a_damaged_header_is_not_taken_for_the_end(archive, out):
  write_tar(archive, FILES)
  patch(archive, b'a/b/1.txt\0', b'a/b/2.txt\0')
  assert_refused(archive, out, 'damaged.*no member and no end')


@pytest.mark.parametrize('kind', ['zip', 'tar.gz', 'tar.bz2'])
def test_no_damage_changes_what_is_unpacked(archive, out, kind):
  write(archive, FILES, kind)
  content = archive.read_bytes()
  rng, refused = np.random.default_rng(1), 0
  for position in rng.integers(len(content), size=60).tolist():
    harmed = bytearray(content)
    harmed[position] ^= 1 << int(rng.integers(8))
    archive.write_bytes(harmed)
    try:
      files = unpacked(archives.extract(archive, out))
    except UserError as error:
      assert str(archive) in str(error)
      refused += 1
      continue
    # Dates, versions and the like may change.
    assert files == FILES
    out.rename(archive.with_name(str(position)))
  assert refused > 40


def test_a_checksum_at_the_very_end_is_compared(archive, out):
  write_tar(archive, {'x': b'x'}, 'w:gz')
  content = bytearray(archive.read_bytes())
  content[-8] ^= 1
  archive.write_bytes(content)
  assert_refused(archive, out, 'damaged.*CRC')
