"""Archives of a few files, well made or not."""

import io
import tarfile
import zipfile

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


def member(name, kind=tarfile.REGTYPE, link='', size=0):
  member = tarfile.TarInfo(name)
  member.type, member.linkname, member.size = kind, link, size
  return member


def write_tar(path, files, mode='w', extra=()):
  with tarfile.open(path, mode) as file:
    for name, content in files.items():
      file.addfile(member(name, size=len(content)), io.BytesIO(content))
    for odd in extra:
      file.addfile(odd)


def write_zip(path, files, method=zipfile.ZIP_DEFLATED, extra=()):
  with zipfile.ZipFile(path, 'w', method) as file:
    for name, content in files.items():
      file.writestr(name, content)
    for odd in extra:
      file.writestr(odd, b'target')


def write(path, files, kind):
  if kind == 'zip':
    write_zip(path, files)
  else:
    write_tar(path, files, MODES[kind])


def unpacked(folder):
  return {
    path.relative_to(folder).as_posix(): path.read_bytes()
    for path in folder.rglob('*')
    if path.is_file()
  }


def assert_refused(archive, out, match):
  """Nothing is left and the message names the archive."""
  with pytest.raises(UserError, match=match) as error:
    archives.extract(archive, out)
  assert str(archive) in str(error.value)
  left = out.parent.iterdir() if out.parent.exists() else ()
  assert not list(left)


def patch(archive, old, new, count=1):
  data = archive.read_bytes()
  assert data.count(old) == count
  archive.write_bytes(data.replace(old, new))
