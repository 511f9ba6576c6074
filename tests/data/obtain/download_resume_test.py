"""What was begun is gone on with."""

import io
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

from da_jax.data.obtain import download
from da_jax.errors import UserError
from tests.data.obtain.serving import (
  CONTENT,
  SHA256,
  got,
  names,
  part_of,
  remote,
)

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_a_broken_transfer_goes_on_where_it_stands(server, tmp_path, pauses):
  server.cuts = [300_000, 200_001]
  download.fetch(remote(server.url('/a')), tmp_path)
  ranges = [asked for _, asked, _ in server.asked]
  assert ranges == [None, 'bytes=300000-', 'bytes=500001-']
  assert pauses == sorted(pauses)
  assert len(pauses) == 2
  assert got(tmp_path)


def test_a_mirror_without_ranges_starts_over(server, tmp_path):
  server.cuts = [300_000]
  download.fetch(remote(server.url('/a', ranges=False)), tmp_path)
  assert [asked for _, asked, _ in server.asked] == [None, 'bytes=300000-']
  assert got(tmp_path)


def test_a_complete_part_is_not_sent_again(server, tmp_path):
  part_of(tmp_path, CONTENT)
  download.fetch(remote(server.url('/a')), tmp_path)
  assert [asked for _, asked, _ in server.asked] == [f'bytes={len(CONTENT)}-']
  assert got(tmp_path)


@pytest.mark.parametrize('part', [CONTENT + b'more', b'of another file'])
def test_a_part_that_does_not_belong_is_replaced(server, tmp_path, part):
  part_of(tmp_path, part)
  download.fetch(remote(server.url('/a')), tmp_path)
  ranges = [asked for _, asked, _ in server.asked]
  assert ranges == [f'bytes={len(part)}-', None]
  assert got(tmp_path)


def test_a_range_that_was_not_asked_for_is_refused(server, tmp_path):
  part = part_of(tmp_path, CONTENT[:10])
  with pytest.raises(UserError, match=r"/a: sent 'bytes 11-.*from byte 10 on"):
    download.fetch(remote(server.url('/a', shift=1)), tmp_path)
  assert part.read_bytes() == CONTENT[:10]


def test_without_checksum_a_part_is_gone_on_with_by_its_tag(server, tmp_path):
  server.cuts = [300_000]
  url = server.url('/a', etag='"1"')
  download.fetch(remote(url, checksum=None), tmp_path)
  assert server.asked == [('/a', None, None), ('/a', 'bytes=300000-', '"1"')]
  assert got(tmp_path)


def test_without_checksum_parts_of_two_files_are_not_joined(server, tmp_path):
  server.cuts = [300_000]
  other = server.url('/a', etag='"1"', content=CONTENT[::-1])
  with pytest.raises(UserError):
    download.fetch(remote(other, checksum=None), tmp_path, attempts=1)
  assert len(names(tmp_path)) == 2
  url = server.url('/b', etag='"2"')
  download.fetch(remote(url, checksum=None), tmp_path)
  assert server.asked[1:] == [('/b', 'bytes=300000-', '"1"')]
  assert got(tmp_path)


def test_without_checksum_or_tag_it_starts_over(server, tmp_path):
  part_of(tmp_path, CONTENT[:-1][::-1])
  download.fetch(remote(server.url('/a'), checksum=None), tmp_path)
  assert server.asked == [('/a', None, None)]
  assert got(tmp_path)


def test_without_checksum_a_part_that_is_too_long_is_replaced(server, tmp_path):
  part_of(tmp_path, CONTENT + b'more')
  (tmp_path / '.data.zip.tag').write_text('"1"')
  url = server.url('/a', etag='"1"')
  download.fetch(remote(url, checksum=None), tmp_path)
  assert [asked for _, asked, _ in server.asked] == ['bytes=1000007-', None]
  assert got(tmp_path)


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
      download.fetch(remote(url), tmp_path)
  assert names(tmp_path) == ['.data.zip.part']
  download.fetch(remote(url), tmp_path)
  assert [asked for _, asked, _ in server.asked] == [None, 'bytes=400000-']
  assert got(tmp_path)


_FETCH = """
import pathlib, sys
from da_jax.data.obtain import download
wanted = download.Remote('data.zip', (sys.argv[1],), sys.argv[2])
download.fetch(wanted, pathlib.Path(sys.argv[3]))
"""


def _wait_for(part, alive):
  deadline = time.monotonic() + 60
  while not part.is_file() or part.stat().st_size < 200_000:
    assert alive()
    assert time.monotonic() < deadline
    time.sleep(0.01)


def _is_gone_on_with(server, folder):
  assert names(folder) == ['.data.zip.part']
  part = folder / '.data.zip.part'
  size = part.stat().st_size
  assert part.read_bytes() == CONTENT[:size]
  download.fetch(remote(server.url('/a')), folder)
  assert server.asked[1:] == [('/a', f'bytes={size}-', None)]
  assert got(folder)


def test_an_interrupted_download_is_gone_on_with(server, tmp_path):
  """Within this process, as most of a new one is the start of Python."""
  signal.signal(signal.SIGINT, signal.default_int_handler)
  main = threading.main_thread()

  def interrupt():
    _wait_for(tmp_path / '.data.zip.part', main.is_alive)
    # Where it waits for the server; another thread's signal would not wake it.
    signal.pthread_kill(main.ident, signal.SIGINT)

  thread = threading.Thread(target=interrupt, daemon=True)
  thread.start()
  with pytest.raises(KeyboardInterrupt):
    download.fetch(remote(server.url('/a', stall=300_000)), tmp_path)
  thread.join()
  _is_gone_on_with(server, tmp_path)


def test_a_killed_process_is_gone_on_with(server, tmp_path):
  url = server.url('/a', stall=300_000)
  process = subprocess.Popen(
    [sys.executable, '-c', _FETCH, url, SHA256, str(tmp_path)],
    cwd=ROOT,
    env=os.environ | {'no_proxy': '*'},
    stderr=subprocess.DEVNULL,
  )
  _wait_for(tmp_path / '.data.zip.part', lambda: process.poll() is None)
  process.kill()
  assert process.wait(60) != 0
  _is_gone_on_with(server, tmp_path)
