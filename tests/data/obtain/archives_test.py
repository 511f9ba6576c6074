"""Archives are unpacked whole or not at all."""

import io
import os
import stat
import tarfile
import zipfile

import pytest

from da_jax.data.obtain import archives
from da_jax.errors import UserError
from tests.data.obtain.packing import (
  FILES,
  FORMATS,
  assert_refused,
  member,
  unpacked,
  write,
  write_tar,
  write_zip,
)


@pytest.mark.parametrize('kind', FORMATS)
def test_round_trip(archive, out, kind):
  write(archive, FILES, kind)
  assert archives.extract(archive, out) == out
  assert unpacked(out) == FILES
  assert [path.name for path in out.parent.iterdir()] == ['data']


@pytest.mark.parametrize('kind', FORMATS)
def test_what_macos_adds_is_left_out(archive, out, kind):
  added = ('__MACOSX/a/._0.bin', 'a/._0.bin', 'a/.DS_Store', '__MACOSX/x')
  write(archive, FILES | dict.fromkeys(added, b'x'), kind)
  assert unpacked(archives.extract(archive, out)) == FILES


def test_folders_that_cannot_be_written_are_filled(archive, out):
  closed = member('a', tarfile.DIRTYPE)
  closed.mode = 0o500
  with tarfile.open(archive, 'w') as file:
    file.addfile(closed)
    file.addfile(member('a/x', size=1), io.BytesIO(b'x'))
  assert unpacked(archives.extract(archive, out)) == {'a/x': b'x'}
  assert (out / 'a').stat().st_mode & stat.S_IWUSR


def test_a_tar_that_ends_with_a_zip_is_a_tar(archive, out):
  buffer = io.BytesIO()
  write_zip(buffer, {'inner': b'x'})
  write_tar(archive, {'outer.zip': buffer.getvalue()})
  assert zipfile.is_zipfile(archive)
  assert list(unpacked(archives.extract(archive, out))) == ['outer.zip']


def test_a_folder_that_is_there_is_returned(tmp_path):
  missing = tmp_path / 'missing.zip'
  assert archives.extract(missing, tmp_path) == tmp_path
  assert not list(tmp_path.iterdir())


def test_a_missing_archive_is_named(archive, out):
  assert_refused(archive, out, 'No such file')


def test_a_file_in_place_of_the_folder_is_named(archive, tmp_path):
  write_zip(archive, FILES)
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
  write(archive, FILES, kind)
  with monkeypatch.context() as patch:
    patch.setattr(archives, '_bar', lambda _, members: _Interrupted(members))
    with pytest.raises(KeyboardInterrupt):
      archives.extract(archive, out)
  assert not list(out.parent.iterdir())
  assert unpacked(archives.extract(archive, out)) == FILES


def test_what_a_killed_process_left_is_replaced(archive, out):
  left = out.with_name(f'.data.{os.getpid()}.tmp')
  left.mkdir(parents=True)
  (left / 'old').write_text('')
  write_zip(archive, FILES)
  assert unpacked(archives.extract(archive, out)) == FILES
  assert not left.exists()


def test_stdout_is_left_alone(archive, out, capsys):
  write_zip(archive, FILES)
  archives.extract(archive, out)
  assert capsys.readouterr().out == ''
