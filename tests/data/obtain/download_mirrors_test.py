"""Mirrors that fail are left for the next."""

import pathlib
import socket

import pytest

from da_jax.data.obtain import download
from da_jax.errors import UserError
from tests.data.obtain.serving import got, names, remote


def test_a_mirror_that_keeps_breaking_is_left_for_the_next(server, tmp_path):
  server.cuts = [10, 10, 10]
  urls = server.url('/a'), server.url('/b')
  download.fetch(remote(*urls), tmp_path, attempts=3)
  assert [(path, asked) for path, asked, _ in server.asked] == [
    ('/a', None),
    ('/a', 'bytes=10-'),
    ('/a', 'bytes=20-'),
    ('/b', 'bytes=30-'),
  ]
  assert got(tmp_path)


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
  download.fetch(remote(*bad, server.url('/good')), tmp_path)
  assert got(tmp_path)
  for line, (url, reason) in zip(warnings, bad.items(), strict=True):
    assert line.startswith(url)
    assert reason in line


def test_an_unknown_host_is_named(tmp_path, monkeypatch):
  def fail(*args, **kwargs):
    raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')

  monkeypatch.setattr(socket, 'getaddrinfo', fail)
  with pytest.raises(UserError, match=r'nowhere\.invalid/x: .*not known'):
    download.fetch(remote('http://nowhere.invalid/x'), tmp_path)


def test_all_mirrors_and_the_place_are_named(server, tmp_path, monkeypatch):
  urls = server.url('/a', status=404), server.url('/b', kind='text/html')
  monkeypatch.chdir(tmp_path)
  with pytest.raises(UserError) as error:
    download.fetch(remote(*urls), pathlib.Path('below'))
  for text in (
    f'{urls[0]}: HTTP 404',
    f'{urls[1]}: answered with a web page',
    f'put it at {tmp_path / "below" / "data.zip"}',
  ):
    assert text in str(error.value)
  assert not names(tmp_path / 'below')


def test_a_mirror_without_address_is_for_the_user(tmp_path):
  with pytest.raises(UserError, match=r'No address.*/data\.zip'):
    download.fetch(remote(), tmp_path)


def test_a_server_that_stalls_is_given_up(server, tmp_path):
  urls = server.url('/slow', stall=1000), server.url('/b')
  download.fetch(remote(*urls), tmp_path, timeout=0.2, attempts=2)
  assert [(path, asked) for path, asked, _ in server.asked] == [
    ('/slow', None),
    ('/slow', 'bytes=1000-'),
    ('/b', 'bytes=2000-'),
  ]
  assert got(tmp_path)


def test_a_connection_that_never_answers_is_given_up(tmp_path):
  with socket.create_server(('127.0.0.1', 0)) as silent:
    url = f'http://127.0.0.1:{silent.getsockname()[1]}/'
    with pytest.raises(UserError, match=f'{url}: broke off 2 times, timed out'):
      download.fetch(remote(url), tmp_path, timeout=0.2, attempts=2)
