"""Files are written whole, or not at all."""

import errno
import os

import pytest

from da_jax import files
from da_jax.errors import UserError


def test_what_replaces_a_file_is_on_the_disk_before(tmp_path, monkeypatch):
  """And its name after: else a loss of power leaves it empty."""
  path = tmp_path / 'results.json'
  path.write_text('old')
  synchronised = []

  def fsync(descriptor):
    synchronised.append((os.fstat(descriptor).st_ino, path.read_text()))

  monkeypatch.setattr(os, 'fsync', fsync)
  files.write_atomically(path, 'new')
  assert synchronised == [
    (path.stat().st_ino, 'old'),
    (tmp_path.stat().st_ino, 'new'),
  ]
  assert list(tmp_path.iterdir()) == [path]


def test_what_is_not_on_the_disk_replaces_nothing(tmp_path, monkeypatch):
  path = tmp_path / 'results.json'
  path.write_text('old')

  def fsync(_):
    raise OSError(errno.EIO, 'the disk is broken')

  monkeypatch.setattr(os, 'fsync', fsync)
  with pytest.raises(UserError, match='broken'), files.writing(tmp_path):
    files.write_atomically(path, 'new')
  assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]
