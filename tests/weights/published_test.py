"""Published weights are downloaded once and verified."""

import hashlib
import http.server
import socket
import threading

import pytest

from da_jax.data.obtain.download import Remote
from da_jax.errors import UserError
from da_jax.weights import published

CONTENT = bytes(range(256)) * 5
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
  def do_GET(self):
    self.server.asked.append(self.path)
    self.send_response(200)
    self.send_header('Content-Type', 'application/octet-stream')
    self.send_header('Content-Length', str(len(CONTENT)))
    self.end_headers()
    self.wfile.write(CONTENT)

  def log_message(self, *args):
    pass


@pytest.fixture
def server(monkeypatch):
  monkeypatch.setenv('no_proxy', '*')
  with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
    server.asked = []
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    yield server
    server.shutdown()


@pytest.fixture
def publish(monkeypatch, tmp_path):
  """Function that names a file; it is the one that is published."""
  monkeypatch.setenv('DA_JAX_CACHE', str(tmp_path / 'cache'))

  def name(port, digest):
    url = f'http://127.0.0.1:{port}/models/net-x.pth'
    remote = Remote('net-x.pth', (url,), f'sha256:{digest}')
    monkeypatch.setattr(published, 'PUBLISHED', {'net.x': remote})
    return tmp_path / 'cache' / 'weights' / 'net-x.pth'

  return name


@pytest.mark.parametrize('digits', [8, 64])
def test_is_downloaded_once(server, publish, digits):
  path = publish(server.server_port, DIGEST[:digits])
  assert published.find('net.x') == path
  assert path.read_bytes() == CONTENT
  assert published.find('net.x') == path
  assert server.asked == ['/models/net-x.pth']


def test_another_file_is_refused(server, publish):
  path = publish(server.server_port, '0676ba61')
  with pytest.raises(UserError, match=rf'{DIGEST}, expected 0676ba61'):
    published.find('net.x')
  assert not path.exists()


def test_offline_says_what_to_put_where(publish):
  with socket.socket() as unused:
    unused.bind(('127.0.0.1', 0))
    port = unused.getsockname()[1]
  path = publish(port, DIGEST[:8])
  published_at = rf'127\.0\.0\.1:{port}/models/net-x\.pth'
  with pytest.raises(UserError, match=rf'{published_at}.*by hand.* {path}\.'):
    published.find('net.x')
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_bytes(CONTENT)
  assert published.find('net.x') == path
  path.write_bytes(CONTENT[1:])
  with pytest.raises(UserError, match=r'net-x\.pth is not the published file'):
    published.find('net.x')


def test_names_and_addresses():
  assert published.PUBLISHED['resnet50.tv_in1k'] == Remote(
    'resnet50-0676ba61.pth',
    ('https://download.pytorch.org/models/resnet50-0676ba61.pth',),
    'sha256:0676ba61',
  )
  remote = published.PUBLISHED['alexnet.tv_in1k']
  assert remote.urls[0].endswith('/alexnet-owt-7be5be79.pth')
  assert remote.checksum == 'sha256:7be5be79'


def test_a_file_goes_before_a_name(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / 'resnet50.tv_in1k').touch()
  assert published.find('resnet50.tv_in1k').is_file()


def test_neither_file_nor_name():
  with pytest.raises(UserError, match=r'resnet51 does not.* resnet50\.tv_in1k'):
    published.find('resnet51')
