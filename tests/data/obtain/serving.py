"""A server on this machine that behaves as badly as asked."""

import contextlib
import hashlib
import http.server
import threading

import numpy as np

from da_jax.data.obtain import download

CONTENT = np.random.default_rng(0).bytes(1_000_003)


SHA256 = f'sha256:{hashlib.sha256(CONTENT).hexdigest()}'


MD5 = f'md5:{hashlib.md5(CONTENT).hexdigest()}'


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


def remote(*urls, checksum=SHA256, **kwargs):
  return download.Remote('data.zip', urls, checksum, **kwargs)


def part_of(folder, content):
  path = folder / '.data.zip.part'
  path.write_bytes(content)
  return path


def names(folder):
  return sorted(path.name for path in folder.iterdir())


def got(folder):
  """The file is right and nothing else is left."""
  assert names(folder) == ['data.zip']
  return (folder / 'data.zip').read_bytes() == CONTENT
