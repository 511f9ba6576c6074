"""Files are downloaded once, and whole or not at all."""

import hashlib

import pytest

from da_jax.data.obtain import download
from da_jax.errors import UserError
from tests.data.obtain.serving import (
  CONTENT,
  MD5,
  SHA256,
  got,
  names,
  part_of,
  remote,
)


@pytest.mark.parametrize(
  'checksum', [SHA256, MD5, 'sha256:' + SHA256[7:].upper()]
)
@pytest.mark.parametrize('size', [None, len(CONTENT)])
@pytest.mark.parametrize('length', [True, False])
def test_downloads(server, tmp_path, checksum, size, length):
  folder = tmp_path / 'new' / 'folder'
  url = server.url('/a', length=length)
  path = download.fetch(remote(url, checksum=checksum, size=size), folder)
  assert path == folder / 'data.zip'
  assert got(folder)
  assert server.asked == [('/a', None, None)]


def test_what_is_there_is_not_asked_for(server, tmp_path):
  (tmp_path / 'data.zip').write_bytes(CONTENT)
  wanted = remote(server.url('/a'), size=len(CONTENT))
  assert download.fetch(wanted, tmp_path) == tmp_path / 'data.zip'
  assert not server.asked


@pytest.mark.parametrize('size', [None, len(CONTENT)])
def test_what_is_there_but_wrong_is_named_and_kept(server, tmp_path, size):
  (tmp_path / 'data.zip').write_bytes(b'mine')
  found = hashlib.sha256(b'mine').hexdigest()
  with pytest.raises(UserError, match='Remove it') as error:
    download.fetch(remote(server.url('/a'), size=size), tmp_path)
  expected = [SHA256[7:], found] if size is None else ['4 bytes', f'{size}']
  for text in (str(tmp_path / 'data.zip'), *expected):
    assert text in str(error.value)
  assert (tmp_path / 'data.zip').read_bytes() == b'mine'
  assert not server.asked


def test_without_checksum_the_digest_is_logged(server, tmp_path, warnings):
  wanted = remote(server.url('/a'), checksum=None, size=len(CONTENT))
  download.fetch(wanted, tmp_path)
  (line,) = warnings
  assert 'data.zip' in line
  assert SHA256[7:] in line


def test_a_wrong_checksum_is_refused(server, tmp_path):
  url = server.url('/a', content=b'replaced')
  with pytest.raises(UserError) as error:
    download.fetch(remote(url), tmp_path)
  found = hashlib.sha256(b'replaced').hexdigest()
  for text in (f'{url}: has sha256 {found}', f'expected {SHA256[7:]}'):
    assert text in str(error.value)
  assert len(server.asked) == 1
  assert not names(tmp_path)


def test_a_file_of_another_size_is_not_downloaded(server, tmp_path):
  part = part_of(tmp_path, CONTENT[:10])
  url = server.url('/a', content=CONTENT[:-1])
  with pytest.raises(
    UserError, match='file of 1000002 bytes, expected 1000003'
  ):
    download.fetch(remote(url, size=len(CONTENT)), tmp_path)
  assert part.read_bytes() == CONTENT[:10]


def test_a_size_that_was_not_announced_is_compared(server, tmp_path):
  url = server.url('/a', content=CONTENT + b'more', length=False)
  wanted = remote(url, checksum=None, size=len(CONTENT))
  with pytest.raises(UserError, match='has 1000007 bytes, expected 1000003'):
    download.fetch(wanted, tmp_path)
  assert not names(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
  folder = tmp_path / 'file'
  folder.write_text('')
  wanted = remote(server.url('/a'), size=len(CONTENT))
  with pytest.raises(UserError, match=f'{folder} cannot.*1000003 bytes'):
    download.fetch(wanted, folder)


def test_stdout_is_left_alone(server, tmp_path, capsys):
  download.fetch(remote(server.url('/a')), tmp_path)
  assert capsys.readouterr().out == ''
