"""Event files as TensorBoard reads them, on disks that fill up."""

import struct
import subprocess
import sys

import pytest
from tensorboardX.proto import event_pb2

from da_jax import event_files, metrics
from da_jax.errors import UserError
from tests import scripts


def _events(folder):
  """All events, as the format says: length, its CRC, the event, its CRC."""
  for path in sorted(folder.glob('events.out.tfevents.*')):
    data = path.read_bytes()
    while data:
      (length,) = struct.unpack('<Q', data[:8])
      yield event_pb2.Event.FromString(data[12 : 12 + length])
      data = data[16 + length :]


def test_scalars_are_read_back_and_a_resume_cuts_later_ones(tmp_path):
  for done in (0, 100):
    file = event_files.EventFile(tmp_path / 'board', done + 1)
    file.write(done + 50, {'loss': 0.5, 'gradient': done})
    file.close()
  events = list(_events(tmp_path / 'board'))
  versions = [e.file_version for e in events if e.file_version]
  assert versions == ['brain.Event:2'] * 2
  starts = [e.step for e in events if e.HasField('session_log')]
  assert starts == [1, 101]
  assert [
    (e.step, value.tag, value.simple_value)
    for e in events
    for value in e.summary.value
  ] == [
    *((50, 'loss', 0.5), (50, 'gradient', 0.0)),
    *((150, 'loss', 0.5), (150, 'gradient', 100.0)),
  ]


def test_a_full_disk_is_a_sentence_and_nothing_waits(tmp_path):
  """A limit on the size of files stands for the disk."""
  program = f"""
import pathlib, resource, signal
from da_jax import metrics
from da_jax.errors import UserError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = pathlib.Path({str(tmp_path)!r})
writer = metrics.MetricsWriter(run, 0)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
for act in (lambda: writer.write(1, {{'loss': 1.0}}), writer.close):
  try:
    act()
  except UserError as error:
    print('said')
"""
  process = subprocess.run(
    [sys.executable, '-c', program],
    cwd=scripts.ROOT,
    capture_output=True,
    text=True,
    timeout=60,
    check=False,
  )
  assert process.returncode == 0 and process.stderr == ''
  assert process.stdout.split() == ['said', 'said']


def test_a_disk_that_was_full_for_a_moment_stops_nothing(tmp_path, monkeypatch):
  """Once it is free again, lines are added where they ended."""
  writer = metrics.MetricsWriter(tmp_path, 0)
  monkeypatch.setattr(event_files, '_FLUSH', -1)
  flush = writer._board._records.flush

  def full():
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(writer._board._records, 'flush', full)
  with pytest.raises(UserError, match='No space left on device'):
    writer.write(1, {'loss': 1.0})
  monkeypatch.setattr(writer._board._records, 'flush', flush)
  for step in range(2, 30):
    writer.write(step, {'loss': 1.0})
  writer.close()
  steps = [e.step for e in _events(tmp_path / 'tensorboard') if e.summary.value]
  assert steps == list(range(1, 30))
