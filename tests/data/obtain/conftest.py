"""A server, pauses that cost no time, and where archives go."""

import threading
import types

import pytest

from da_jax.data.obtain import download
from tests.data.obtain.serving import Server


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
  clock = types.SimpleNamespace(sleep=seconds.append)
  monkeypatch.setattr(download, 'time', clock)
  return seconds


@pytest.fixture
def archive(tmp_path):
  """Path of an archive, under a name that says nothing of the format."""
  (tmp_path / 'in').mkdir()
  return tmp_path / 'in' / 'archive.bin'


@pytest.fixture
def out(tmp_path):
  return tmp_path / 'out' / 'data'
