"""Members that would leave the folder or are no plain files."""

import pathlib
import stat
import tarfile
import zipfile

import pytest

from da_jax.data.obtain import archives
from da_jax.errors import UserError
from tests.data.obtain.packing import (
  FILES,
  assert_refused,
  member,
  patch,
  write,
  write_tar,
  write_zip,
)


@pytest.mark.parametrize('kind', ['zip', 'tar'])
@pytest.mark.parametrize(
  'name',
  [
    '/abs',
    '//host/share/x',
    '../up',
    'a/../../up',
    'a/..',
    'C:x',
    'c:/x',
    'C:\\x',
    '..\\up',
    'a\\..\\..\\up',
    '\\abs',
    '\\\\host\\share\\x',
  ],
)
def test_members_outside_are_refused(archive, out, tmp_path, kind, name):
  before = set(tmp_path.rglob('*'))
  write(archive, FILES | {name: b'evil'}, kind)
  assert_refused(archive, out, 'outside of the folder')
  with pytest.raises(UserError) as error:
    archives.extract(archive, out)
  assert repr(name) in str(error.value)
  assert set(tmp_path.rglob('*')) - before == {archive, out.parent}


SYM, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
  ('extra', 'culprit'),
  [
    ([member('a/l', SYM, '/etc/passwd')], "'a/l' would be outside"),
    ([member('l', SYM, '..')], "'l' links to .., outside"),
    ([member('l', SYM, './../x')], "'l' links to ./../x, outside"),
    ([member('./a/l', SYM, '../../x')], "'./a/l' links to ../../x, outside"),
    ([member('a/l', SYM, 'b/../../..')], "'a/l' would be outside"),
    ([member('a/l', SYM, 'C:\\x')], "'a/l' would be outside"),
    ([member('l', HARD, '/etc/passwd')], "'l' would be outside"),
    ([member('a/l', HARD, '../x')], "'a/l' would be outside"),
    # Each inside by itself; together they lead up.
    ([member('l', SYM, 'a'), member('l/x')], "'l/x' is below a link"),
    ([member('l/x'), member('./l', SYM, 'a')], "'l/x' is below a link"),
    (
      [member('a/b/s', SYM, '../..'), member('h', HARD, 'a/b/s')],
      "'h' links to a link, a/b/s",
    ),
    (
      [member('h', SYM, 'a/b/s/../x'), member('a/b/s', SYM, '../..')],
      "'h' would be outside",
    ),
    ([member('fifo', tarfile.FIFOTYPE)], "'fifo' is neither"),
    ([member('dev', tarfile.CHRTYPE)], "'dev' is neither"),
    ([member('disk', tarfile.BLKTYPE)], "'disk' is neither"),
  ],
)
def test_tar_members_that_are_no_plain_files(archive, out, extra, culprit):
  write_tar(archive, FILES, extra=extra)
  assert_refused(archive, out, culprit)


def test_links_inside_are_kept(archive, out):
  links = [
    member('a/b/up', SYM, '../0.bin'),
    member('top', SYM, 'a'),
    member('hard', HARD, 'a/b/1.txt'),
  ]
  write_tar(archive, FILES, extra=links)
  archives.extract(archive, out)
  assert (out / 'a' / 'b' / 'up').read_bytes() == FILES['a/0.bin']
  assert (out / 'top').readlink() == pathlib.Path('a')
  assert (out / 'hard').read_bytes() == FILES['a/b/1.txt']


@pytest.mark.parametrize('kind', [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_zip_members_that_are_no_plain_files(archive, out, kind):
  odd = zipfile.ZipInfo('a/odd')
  odd.external_attr = (kind | 0o644) << 16
  write_zip(archive, FILES, extra=[odd])
  assert_refused(archive, out, "'a/odd' is neither")


def test_encrypted_members_are_refused(archive, out):
  write_zip(archive, {'secret': b'x'}, zipfile.ZIP_STORED)
  # Version made by, needed, flags: of the entry in the central directory.
  patch(archive, b'PK\1\2\x14\3\x14\0\0\0', b'PK\1\2\x14\3\x14\0\1\0')
  assert_refused(archive, out, "'secret' is encrypted")


def test_a_method_that_python_lacks_is_named(archive, out):
  write_zip(archive, {'x': b'x'}, zipfile.ZIP_STORED)
  patch(archive, b'\x14\0\0\0\0\0', b'\x14\0\0\0\x09\0', count=2)
  assert_refused(archive, out, 'cannot be unpacked here.*by other means')
