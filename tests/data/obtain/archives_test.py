import io
import os
import pathlib
import stat
import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from da_jax.data.obtain import archives
from da_jax.errors import UserError

FILES = {
  'a/0.bin': np.random.default_rng(0).bytes(70_001),
  'a/b/1.txt': b'one ' * 9999,
  'empty': b'',
}
MODES = {'tar': 'w', 'tar.gz': 'w:gz', 'tar.bz2': 'w:bz2'}
FORMATS = ('zip', *MODES)


def _member(name, kind=tarfile.REGTYPE, link='', size=0):
  member = tarfile.TarInfo(name)
  member.type, member.linkname, member.size = kind, link, size
  return member


def _write_tar(path, files, mode='w', extra=()):
  with tarfile.open(path, mode) as file:
    for name, content in files.items():
      file.addfile(_member(name, size=len(content)), io.BytesIO(content))
    for member in extra:
      file.addfile(member)


def _write_zip(path, files, method=zipfile.ZIP_DEFLATED, extra=()):
  with zipfile.ZipFile(path, 'w', method) as file:
    for name, content in files.items():
      file.writestr(name, content)
    for member in extra:
      file.writestr(member, b'target')


def _write(path, files, kind):
  if kind == 'zip':
    _write_zip(path, files)
  else:
    _write_tar(path, files, MODES[kind])


def _read(folder):
  return {
    path.relative_to(folder).as_posix(): path.read_bytes()
    for path in folder.rglob('*')
    if path.is_file()
  }


@pytest.fixture
def archive(tmp_path):
  """Path of an archive, under a name that says nothing of the format."""
  (tmp_path / 'in').mkdir()
  return tmp_path / 'in' / 'archive.bin'


@pytest.fixture
def out(tmp_path):
  return tmp_path / 'out' / 'data'


def _refused(archive, out, match):
  """Nothing is left and the message names the archive."""
  with pytest.raises(UserError, match=match) as error:
    archives.extract(archive, out)
  assert str(archive) in str(error.value)
  left = out.parent.iterdir() if out.parent.exists() else ()
  assert not list(left)


@pytest.mark.parametrize('kind', FORMATS)
def test_round_trip(archive, out, kind):
  _write(archive, FILES, kind)
  assert archives.extract(archive, out) == out
  assert _read(out) == FILES
  assert [path.name for path in out.parent.iterdir()] == ['data']


@pytest.mark.parametrize('kind', FORMATS)
def test_what_macos_adds_is_left_out(archive, out, kind):
  added = ('__MACOSX/a/._0.bin', 'a/._0.bin', 'a/.DS_Store', '__MACOSX/x')
  _write(archive, FILES | dict.fromkeys(added, b'x'), kind)
  assert _read(archives.extract(archive, out)) == FILES


def test_folders_that_cannot_be_written_are_filled(archive, out):
  closed = _member('a', tarfile.DIRTYPE)
  closed.mode = 0o500
  with tarfile.open(archive, 'w') as file:
    file.addfile(closed)
    file.addfile(_member('a/x', size=1), io.BytesIO(b'x'))
  assert _read(archives.extract(archive, out)) == {'a/x': b'x'}
  assert (out / 'a').stat().st_mode & stat.S_IWUSR


def test_a_tar_that_ends_with_a_zip_is_a_tar(archive, out):
  buffer = io.BytesIO()
  _write_zip(buffer, {'inner': b'x'})
  _write_tar(archive, {'outer.zip': buffer.getvalue()})
  assert zipfile.is_zipfile(archive)
  assert list(_read(archives.extract(archive, out))) == ['outer.zip']


def test_a_folder_that_is_there_is_returned(tmp_path):
  missing = tmp_path / 'missing.zip'
  assert archives.extract(missing, tmp_path) == tmp_path
  assert not list(tmp_path.iterdir())


def test_a_missing_archive_is_named(archive, out):
  _refused(archive, out, 'No such file')


def test_a_file_in_place_of_the_folder_is_named(archive, tmp_path):
  _write_zip(archive, FILES)
  taken = tmp_path / 'taken'
  taken.write_text('mine')
  with pytest.raises(UserError, match=f'into {taken}: '):
    archives.extract(archive, taken)
  assert taken.read_text() == 'mine'


class _Interrupted(list):
  def __iter__(self):
    yield self[0]
    raise KeyboardInterrupt


@pytest.mark.parametrize('kind', FORMATS)
def test_what_was_interrupted_is_not_taken_for_finished(
  archive, out, kind, monkeypatch
):
  _write(archive, FILES, kind)
  with monkeypatch.context() as patch:
    patch.setattr(archives, '_bar', lambda _, members: _Interrupted(members))
    with pytest.raises(KeyboardInterrupt):
      archives.extract(archive, out)
  assert not list(out.parent.iterdir())
  assert _read(archives.extract(archive, out)) == FILES


def test_what_a_killed_process_left_is_replaced(archive, out):
  left = out.with_name(f'.data.{os.getpid()}.tmp')
  left.mkdir(parents=True)
  (left / 'old').write_text('')
  _write_zip(archive, FILES)
  assert _read(archives.extract(archive, out)) == FILES
  assert not left.exists()


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
  _write(archive, FILES | {name: b'evil'}, kind)
  _refused(archive, out, 'outside of the folder')
  with pytest.raises(UserError) as error:
    archives.extract(archive, out)
  assert repr(name) in str(error.value)
  assert set(tmp_path.rglob('*')) - before == {archive, out.parent}


SYM, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
  ('extra', 'culprit'),
  [
    ([_member('a/l', SYM, '/etc/passwd')], "'a/l' would be outside"),
    ([_member('l', SYM, '..')], "'l' links to .., outside"),
    ([_member('l', SYM, './../x')], "'l' links to ./../x, outside"),
    ([_member('./a/l', SYM, '../../x')], "'./a/l' links to ../../x, outside"),
    ([_member('a/l', SYM, 'b/../../..')], "'a/l' would be outside"),
    ([_member('a/l', SYM, 'C:\\x')], "'a/l' would be outside"),
    ([_member('l', HARD, '/etc/passwd')], "'l' would be outside"),
    ([_member('a/l', HARD, '../x')], "'a/l' would be outside"),
    # Each inside by itself; together they lead up.
    ([_member('l', SYM, 'a'), _member('l/x')], "'l/x' is below a link"),
    ([_member('l/x'), _member('./l', SYM, 'a')], "'l/x' is below a link"),
    (
      [_member('a/b/s', SYM, '../..'), _member('h', HARD, 'a/b/s')],
      "'h' links to a link, a/b/s",
    ),
    (
      [_member('h', SYM, 'a/b/s/../x'), _member('a/b/s', SYM, '../..')],
      "'h' would be outside",
    ),
    ([_member('fifo', tarfile.FIFOTYPE)], "'fifo' is neither"),
    ([_member('dev', tarfile.CHRTYPE)], "'dev' is neither"),
    ([_member('disk', tarfile.BLKTYPE)], "'disk' is neither"),
  ],
)
def test_tar_members_that_are_no_plain_files(archive, out, extra, culprit):
  _write_tar(archive, FILES, extra=extra)
  _refused(archive, out, culprit)


def test_links_inside_are_kept(archive, out):
  links = [
    _member('a/b/up', SYM, '../0.bin'),
    _member('top', SYM, 'a'),
    _member('hard', HARD, 'a/b/1.txt'),
  ]
  _write_tar(archive, FILES, extra=links)
  archives.extract(archive, out)
  assert (out / 'a' / 'b' / 'up').read_bytes() == FILES['a/0.bin']
  assert (out / 'top').readlink() == pathlib.Path('a')
  assert (out / 'hard').read_bytes() == FILES['a/b/1.txt']


@pytest.mark.parametrize('kind', [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_zip_members_that_are_no_plain_files(archive, out, kind):
  member = zipfile.ZipInfo('a/odd')
  member.external_attr = (kind | 0o644) << 16
  _write_zip(archive, FILES, extra=[member])
  _refused(archive, out, "'a/odd' is neither")


def _patch(archive, old, new, count=1):
  data = archive.read_bytes()
  assert data.count(old) == count
  archive.write_bytes(data.replace(old, new))


def test_encrypted_members_are_refused(archive, out):
  _write_zip(archive, {'secret': b'x'}, zipfile.ZIP_STORED)
  # Version made by, needed, flags: of the entry in the central directory.
  _patch(archive, b'PK\1\2\x14\3\x14\0\0\0', b'PK\1\2\x14\3\x14\0\1\0')
  _refused(archive, out, "'secret' is encrypted")


def test_a_method_that_python_lacks_is_named(archive, out):
  _write_zip(archive, {'x': b'x'}, zipfile.ZIP_STORED)
  _patch(archive, b'\x14\0\0\0\0\0', b'\x14\0\0\0\x09\0', count=2)
  _refused(archive, out, 'cannot be unpacked here.*by other means')


@pytest.mark.parametrize('kind', ['zip', 'tar'])
def test_what_does_not_fit_on_the_disk_is_refused(
  archive, out, kind, monkeypatch
):
  _write(archive, FILES, kind)
  needed = sum(map(len, FILES.values()))
  usage = archives.shutil.disk_usage(archive)

  def free(count):
    return lambda path: usage._replace(free=count)

  monkeypatch.setattr(archives.shutil, 'disk_usage', free(needed - 1))
  _refused(archive, out, f'{needed} bytes.* {needed - 1} left')
  monkeypatch.setattr(archives.shutil, 'disk_usage', free(needed))
  assert _read(archives.extract(archive, out)) == FILES


def test_a_bomb_is_refused(archive, out):
  _write_zip(archive, {'bomb': b'x'}, zipfile.ZIP_STORED)
  # Size packed, size unpacked, length of the name, in both directories.
  old = b'\1\0\0\0\1\0\0\0\4\0'
  _patch(archive, old, b'\1\0\0\0\xfe\xff\xff\xff\4\0', count=2)
  data = archive.read_bytes()
  entry = data[data.index(b'PK\1\2') : data.index(b'PK\5\6')]
  end = bytearray(data[-22:])
  many = 60_000  # names of one entry, of 4 GB each
  end[8:12] = many.to_bytes(2, 'little') * 2
  end[12:16] = (many * len(entry)).to_bytes(4, 'little')
  start = data[: data.index(b'PK\1\2')]
  archive.write_bytes(start + entry * many + bytes(end))
  _refused(archive, out, f'needs {many * 0xFFFFFFFE} bytes')


def test_more_than_is_declared_is_not_written(archive, out):
  _write_zip(archive, {'bomb': bytes(10**6)})
  old, new = (size.to_bytes(4, 'little') for size in (10**6, 10))
  _patch(archive, old, new, count=2)
  _refused(archive, out, 'damaged.*CRC')


def test_a_name_that_is_no_text_is_damage(archive, out):
  _write_zip(archive, {'ü': b'x'})
  _patch(archive, 'ü'.encode(), b'\xff\xff', count=2)
  _refused(archive, out, 'damaged.*utf-8')


def test_an_empty_file_is_named(archive, out):
  archive.touch()
  _refused(archive, out, 'is empty')


@pytest.mark.parametrize('kind', FORMATS)
def test_an_archive_of_nothing_is_refused(archive, out, kind):
  _write(archive, {'.DS_Store': b'x'}, kind)
  _refused(archive, out, 'has no files')


@pytest.mark.parametrize(
  'content', [b'<html>not found</html>', b'\x1f\x8b', b'x' * 5000]
)
def test_other_files_are_refused(archive, out, content):
  archive.write_bytes(content)
  _refused(archive, out, 'neither a zip nor a tar|damaged')


@pytest.mark.parametrize('kind', FORMATS)
def test_a_truncated_archive_is_refused(archive, out, kind):
  _write(archive, FILES, kind)
  content = archive.read_bytes()
  # What follows a tar's two blocks of zeros, 1024 bytes, is only padding.
  whole = len(content) if kind != 'tar' else len(content.rstrip(b'\0'))
  for size in np.linspace(1, whole - 1, 40).astype(int).tolist():
    archive.write_bytes(content[:size])
    _refused(archive, out, 'cut short|damaged')


@pytest.mark.parametrize('kind', ['tar', 'tar.gz'])
def test_a_tar_that_ends_between_members_is_refused(archive, out, kind):
  _write_tar(archive, FILES)
  ends_before = archive.read_bytes().index(b'empty\0')
  assert ends_before % tarfile.BLOCKSIZE == 0
  content = archive.read_bytes()[:ends_before]
  archive.write_bytes(content if kind == 'tar' else _gzip(content))
  _refused(archive, out, f'no member and no end at byte {ends_before}')


def _gzip(content):
  deflate = zlib.compressobj(wbits=31)
  return deflate.compress(content) + deflate.flush()


def test_a_damaged_header_is_not_taken_for_the_end(archive, out):
  _write_tar(archive, FILES)
  _patch(archive, b'a/b/1.txt\0', b'a/b/2.txt\0')
  _refused(archive, out, 'damaged.*no member and no end')


@pytest.mark.parametrize('kind', ['zip', 'tar.gz', 'tar.bz2'])
def test_no_damage_changes_what_is_unpacked(archive, out, kind):
  _write(archive, FILES, kind)
  content = archive.read_bytes()
  rng, refused = np.random.default_rng(1), 0
  for position in rng.integers(len(content), size=60).tolist():
    harmed = bytearray(content)
    harmed[position] ^= 1 << int(rng.integers(8))
    archive.write_bytes(harmed)
    try:
      files = _read(archives.extract(archive, out))
    except UserError as error:
      assert str(archive) in str(error)
      refused += 1
      continue
    # Dates, versions and the like may change.
    assert files == FILES
    out.rename(archive.with_name(str(position)))
  assert refused > 40


def test_a_checksum_at_the_very_end_is_compared(archive, out):
  _write_tar(archive, {'x': b'x'}, 'w:gz')
  content = bytearray(archive.read_bytes())
  content[-8] ^= 1
  archive.write_bytes(content)
  _refused(archive, out, 'damaged.*CRC')


def test_stdout_is_left_alone(archive, out, capsys):
  _write_zip(archive, FILES)
  archives.extract(archive, out)
  assert capsys.readouterr().out == ''
