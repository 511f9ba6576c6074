import contextlib
import hashlib
import http.server
import io
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

from absl import logging
import numpy as np
import pytest

from da_jax.data.obtain import download
from da_jax.errors import UserError

CONTENT = np.random.default_rng(0).bytes(1_000_003)
SHA256 = f'sha256:{hashlib.sha256(CONTENT).hexdigest()}'
MD5 = f'md5:{hashlib.md5(CONTENT).hexdigest()}'
ROOT = pathlib.Path(__file__).resolve().parents[3]


class Server(http.server.ThreadingHTTPServer):
  """Serves `CONTENT` at every path, as scripted.

  Attributes:
    asked: path, Range and If-Range of every request.
    cuts: bytes of the body after which the next connections break.
    behaviour: path -> settings, see `Handler`.
    go_on: what a stalled reply waits for.
  """

  daemon_threads = True

  def __init__(self):
    super().__init__(('127.0.0.1', 0), Handler)
    self.asked, self.cuts, self.behaviour = [], [], {}
    self.go_on = threading.Event()

  def url(self, path, **behaviour):
    self.behaviour[path] = behaviour
    return f'http://127.0.0.1:{self.server_port}{path}'


class Handler(http.server.BaseHTTPRequestHandler):
  def do_GET(self):
    asked, if_range = self.headers['Range'], self.headers['If-Range']
    self.server.asked.append((self.path, asked, if_range))
    with contextlib.suppress(ConnectionError):  # the client may have left
      self._reply(asked, if_range, **self.server.behaviour[self.path])

  def _reply(
    self,
    asked,
    if_range,
    *,
    content=CONTENT,
    status=200,
    ranges=True,
    kind='application/octet-stream',
    etag=None,
    length=True,
    stall=None,
    shift=0,
  ):
    whole, start = len(content), 0
    if asked and ranges and if_range in (None, etag):
      start = int(asked.removeprefix('bytes=').removesuffix('-'))
      status = 206 if start < whole else 416
    if status not in (200, 206):
      self.send_response(status)
      if status == 416:
        self.send_header('Content-Range', f'bytes */{whole}')
      self.end_headers()
      return
    self.send_response(status)
    self.send_header('Content-Type', kind)
    if etag:
      self.send_header('ETag', etag)
    if status == 206:
      first = start + shift
      self.send_header('Content-Range', f'bytes {first}-{whole - 1}/{whole}')
    if length:
      self.send_header('Content-Length', str(whole - start))
    self.end_headers()
    cut = self.server.cuts.pop(0) if self.server.cuts else whole
    self.wfile.write(content[start : start + min(cut, stall or cut)])
    if stall:
      self.wfile.flush()
      self.server.go_on.wait(10)

  def log_message(self, *args):
    pass


@pytest.fixture
def server(monkeypatch):
  monkeypatch.setenv('no_proxy', '*')
  with Server() as server:
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    yield server
    server.go_on.set()
    server.shutdown()


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
  seconds = []
  monkeypatch.setattr(download.time, 'sleep', seconds.append)
  return seconds


@pytest.fixture
def warnings(monkeypatch):
  lines = []
  monkeypatch.setattr(
    logging, 'warning', lambda m, *args: lines.append(m % args)
  )
  return lines


def _remote(*urls, checksum=SHA256, **kwargs):
  return download.Remote('data.zip', urls, checksum, **kwargs)


def _part(folder, content):
  path = folder / '.data.zip.part'
  path.write_bytes(content)
  return path


def _names(folder):
  return sorted(path.name for path in folder.iterdir())


def _got(folder):
  """The file is right and nothing else is left."""
  assert _names(folder) == ['data.zip']
  return (folder / 'data.zip').read_bytes() == CONTENT


@pytest.mark.parametrize(
  'checksum', [SHA256, MD5, 'sha256:' + SHA256[7:].upper()]
)
@pytest.mark.parametrize('size', [None, len(CONTENT)])
@pytest.mark.parametrize('length', [True, False])
def test_downloads(server, tmp_path, checksum, size, length):
  folder = tmp_path / 'new' / 'folder'
  url = server.url('/a', length=length)
  path = download.fetch(_remote(url, checksum=checksum, size=size), folder)
  assert path == folder / 'data.zip'
  assert _got(folder)
  assert server.asked == [('/a', None, None)]


def test_what_is_there_is_not_asked_for(server, tmp_path):
  (tmp_path / 'data.zip').write_bytes(CONTENT)
  remote = _remote(server.url('/a'), size=len(CONTENT))
  assert download.fetch(remote, tmp_path) == tmp_path / 'data.zip'
  assert not server.asked


@pytest.mark.parametrize('size', [None, len(CONTENT)])
def test_what_is_there_but_wrong_is_named_and_kept(server, tmp_path, size):
  (tmp_path / 'data.zip').write_bytes(b'mine')
  found = hashlib.sha256(b'mine').hexdigest()
  with pytest.raises(UserError, match='Remove it') as error:
    download.fetch(_remote(server.url('/a'), size=size), tmp_path)
  expected = [SHA256[7:], found] if size is None else ['4 bytes', f'{size}']
  for text in (str(tmp_path / 'data.zip'), *expected):
    assert text in str(error.value)
  assert (tmp_path / 'data.zip').read_bytes() == b'mine'
  assert not server.asked


def test_a_broken_transfer_goes_on_where_it_stands(server, tmp_path, pauses):
  server.cuts = [300_000, 200_001]
  download.fetch(_remote(server.url('/a')), tmp_path)
  ranges = [asked for _, asked, _ in server.asked]
  assert ranges == [None, 'bytes=300000-', 'bytes=500001-']
  assert pauses == sorted(pauses)
  assert len(pauses) == 2
  assert _got(tmp_path)


def test_a_mirror_that_keeps_breaking_is_left_for_the_next(server, tmp_path):
  server.cuts = [10, 10, 10]
  urls = server.url('/a'), server.url('/b')
  download.fetch(_remote(*urls), tmp_path, attempts=3)
  assert [(path, asked) for path, asked, _ in server.asked] == [
    ('/a', None),
    ('/a', 'bytes=10-'),
    ('/a', 'bytes=20-'),
    ('/b', 'bytes=30-'),
  ]
  assert _got(tmp_path)


def test_a_mirror_without_ranges_starts_over(server, tmp_path):
  server.cuts = [300_000]
  download.fetch(_remote(server.url('/a', ranges=False)), tmp_path)
  assert [asked for _, asked, _ in server.asked] == [None, 'bytes=300000-']
  assert _got(tmp_path)


def test_a_complete_part_is_not_sent_again(server, tmp_path):
  _part(tmp_path, CONTENT)
  download.fetch(_remote(server.url('/a')), tmp_path)
  assert [asked for _, asked, _ in server.asked] == [f'bytes={len(CONTENT)}-']
  assert _got(tmp_path)


@pytest.mark.parametrize('part', [CONTENT + b'more', b'of another file'])
def test_a_part_that_does_not_belong_is_replaced(server, tmp_path, part):
  _part(tmp_path, part)
  download.fetch(_remote(server.url('/a')), tmp_path)
  ranges = [asked for _, asked, _ in server.asked]
  assert ranges == [f'bytes={len(part)}-', None]
  assert _got(tmp_path)


def test_a_range_that_was_not_asked_for_is_refused(server, tmp_path):
  part = _part(tmp_path, CONTENT[:10])
  with pytest.raises(UserError, match=r"/a: sent 'bytes 11-.*from byte 10 on"):
    download.fetch(_remote(server.url('/a', shift=1)), tmp_path)
  assert part.read_bytes() == CONTENT[:10]


def test_without_checksum_a_part_is_gone_on_with_by_its_tag(server, tmp_path):
  server.cuts = [300_000]
  url = server.url('/a', etag='"1"')
  download.fetch(_remote(url, checksum=None), tmp_path)
  assert server.asked == [('/a', None, None), ('/a', 'bytes=300000-', '"1"')]
  assert _got(tmp_path)


def test_without_checksum_parts_of_two_files_are_not_joined(server, tmp_path):
  server.cuts = [300_000]
  other = server.url('/a', etag='"1"', content=CONTENT[::-1])
  with pytest.raises(UserError):
    download.fetch(_remote(other, checksum=None), tmp_path, attempts=1)
  assert len(_names(tmp_path)) == 2
  url = server.url('/b', etag='"2"')
  download.fetch(_remote(url, checksum=None), tmp_path)
  assert server.asked[1:] == [('/b', 'bytes=300000-', '"1"')]
  assert _got(tmp_path)


def test_without_checksum_or_tag_it_starts_over(server, tmp_path):
  _part(tmp_path, CONTENT[:-1][::-1])
  download.fetch(_remote(server.url('/a'), checksum=None), tmp_path)
  assert server.asked == [('/a', None, None)]
  assert _got(tmp_path)


def test_without_checksum_a_part_that_is_too_long_is_replaced(server, tmp_path):
  _part(tmp_path, CONTENT + b'more')
  (tmp_path / '.data.zip.tag').write_text('"1"')
  url = server.url('/a', etag='"1"')
  download.fetch(_remote(url, checksum=None), tmp_path)
  assert [asked for _, asked, _ in server.asked] == ['bytes=1000007-', None]
  assert _got(tmp_path)


def test_without_checksum_the_digest_is_logged(server, tmp_path, warnings):
  remote = _remote(server.url('/a'), checksum=None, size=len(CONTENT))
  download.fetch(remote, tmp_path)
  (line,) = warnings
  assert 'data.zip' in line
  assert SHA256[7:] in line


def test_a_wrong_checksum_is_refused(server, tmp_path):
  url = server.url('/a', content=b'replaced')
  with pytest.raises(UserError) as error:
    download.fetch(_remote(url), tmp_path)
  found = hashlib.sha256(b'replaced').hexdigest()
  for text in (f'{url}: has sha256 {found}', f'expected {SHA256[7:]}'):
    assert text in str(error.value)
  assert len(server.asked) == 1
  assert not _names(tmp_path)


def test_a_file_of_another_size_is_not_downloaded(server, tmp_path):
  part = _part(tmp_path, CONTENT[:10])
  url = server.url('/a', content=CONTENT[:-1])
  with pytest.raises(
    UserError, match='file of 1000002 bytes, expected 1000003'
  ):
    download.fetch(_remote(url, size=len(CONTENT)), tmp_path)
  assert part.read_bytes() == CONTENT[:10]


def test_a_size_that_was_not_announced_is_compared(server, tmp_path):
  url = server.url('/a', content=CONTENT + b'more', length=False)
  remote = _remote(url, checksum=None, size=len(CONTENT))
  with pytest.raises(UserError, match='has 1000007 bytes, expected 1000003'):
    download.fetch(remote, tmp_path)
  assert not _names(tmp_path)


def _dead_port():
  with socket.socket() as closed:
    closed.bind(('127.0.0.1', 0))
    return closed.getsockname()[1]


def test_the_next_mirror_helps(server, tmp_path, warnings):
  bad = {
    f'http://127.0.0.1:{_dead_port()}/': 'refused',
    server.url('/404', status=404): 'HTTP 404',
    server.url('/403', status=403): 'HTTP 403',
    server.url('/503', status=503): 'HTTP 503',
    server.url('/202', status=202): 'HTTP 202',
    server.url('/html', kind='text/html; charset=utf-8'): 'a web page',
    server.url('/other', content=b'other'): 'has sha256',
  }
  download.fetch(_remote(*bad, server.url('/good')), tmp_path)
  assert _got(tmp_path)
  for line, (url, reason) in zip(warnings, bad.items(), strict=True):
    assert line.startswith(url)
    assert reason in line


def test_an_unknown_host_is_named(tmp_path, monkeypatch):
  def fail(*args, **kwargs):
    raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')

  monkeypatch.setattr(socket, 'getaddrinfo', fail)
  with pytest.raises(UserError, match=r'nowhere\.invalid/x: .*not known'):
    download.fetch(_remote('http://nowhere.invalid/x'), tmp_path)


def test_all_mirrors_and_the_place_are_named(server, tmp_path, monkeypatch):
  urls = server.url('/a', status=404), server.url('/b', kind='text/html')
  monkeypatch.chdir(tmp_path)
  with pytest.raises(UserError) as error:
    download.fetch(_remote(*urls), pathlib.Path('below'))
  for text in (
    f'{urls[0]}: HTTP 404',
    f'{urls[1]}: answered with a web page',
    f'put it at {tmp_path / "below" / "data.zip"}',
  ):
    assert text in str(error.value)
  assert not _names(tmp_path / 'below')


def test_a_mirror_without_address_is_for_the_user(tmp_path):
  with pytest.raises(UserError, match=r'No address.*/data\.zip'):
    download.fetch(_remote(), tmp_path)


def test_a_server_that_stalls_is_given_up(server, tmp_path):
  urls = server.url('/slow', stall=1000), server.url('/b')
  download.fetch(_remote(*urls), tmp_path, timeout=0.2, attempts=2)
  assert [(path, asked) for path, asked, _ in server.asked] == [
    ('/slow', None),
    ('/slow', 'bytes=1000-'),
    ('/b', 'bytes=2000-'),
  ]
  assert _got(tmp_path)


def test_a_connection_that_never_answers_is_given_up(tmp_path):
  with socket.create_server(('127.0.0.1', 0)) as silent:
    url = f'http://127.0.0.1:{silent.getsockname()[1]}/'
    with pytest.raises(UserError, match=f'{url}: broke off 2 times, timed out'):
      download.fetch(_remote(url), tmp_path, timeout=0.2, attempts=2)


class _SmallDisk(io.FileIO):
  """Room for 400 000 bytes."""

  def write(self, data):
    room = 400_000 - self.tell()
    if room <= 0:
      raise OSError(28, 'No space left on device')
    return super().write(bytes(data)[:room])


def test_a_full_disk_keeps_the_part(server, tmp_path, monkeypatch):
  url = server.url('/a')
  with monkeypatch.context() as patch:
    patch.setattr(
      pathlib.Path,
      'open',
      lambda path, mode: io.BufferedWriter(_SmallDisk(path, mode)),
    )
    with pytest.raises(UserError, match=f'{tmp_path} is full: 600003 more'):
      download.fetch(_remote(url), tmp_path)
  assert _names(tmp_path) == ['.data.zip.part']
  download.fetch(_remote(url), tmp_path)
  assert [asked for _, asked, _ in server.asked] == [None, 'bytes=400000-']
  assert _got(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
  folder = tmp_path / 'file'
  folder.write_text('')
  remote = _remote(server.url('/a'), size=len(CONTENT))
  with pytest.raises(UserError, match=f'{folder} cannot.*1000003 bytes'):
    download.fetch(remote, folder)


_FETCH = """
import pathlib, signal, sys
from da_jax.data.obtain import download
# Ignored in what a shell runs in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
remote = download.Remote('data.zip', (sys.argv[1],), sys.argv[2])
download.fetch(remote, pathlib.Path(sys.argv[3]))
"""


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_process_is_gone_on_with(server, tmp_path, number):
  url = server.url('/a', stall=300_000)
  process = subprocess.Popen(
    [sys.executable, '-c', _FETCH, url, SHA256, str(tmp_path)],
    cwd=ROOT,
    env=os.environ | {'no_proxy': '*'},
    stderr=subprocess.DEVNULL,
  )
  part, deadline = tmp_path / '.data.zip.part', time.monotonic() + 60
  while not part.is_file() or part.stat().st_size < 200_000:
    assert process.poll() is None
    assert time.monotonic() < deadline
    time.sleep(0.01)
  process.send_signal(number)
  assert process.wait(60) != 0
  assert _names(tmp_path) == ['.data.zip.part']
  size = part.stat().st_size
  assert part.read_bytes() == CONTENT[:size]
  download.fetch(_remote(server.url('/a')), tmp_path)
  assert server.asked[1:] == [('/a', f'bytes={size}-', None)]
  assert _got(tmp_path)


def test_stdout_is_left_alone(server, tmp_path, capsys):
  download.fetch(_remote(server.url('/a')), tmp_path)
  assert capsys.readouterr().out == ''
