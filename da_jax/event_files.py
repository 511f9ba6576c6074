"""Scalars in the event files that TensorBoard shows.

Written by the caller's thread: that of `tensorboardX.SummaryWriter` ends with
the first full disk, after which whoever adds a scalar waits for it for ever.
"""

from collections.abc import Iterator, Mapping
import contextlib
import pathlib
import platform
import sys
import time

_FLUSH = 120  # seconds


@contextlib.contextmanager
def _without_torch() -> Iterator[None]:
  """tensorboardX imports torch where there is one, which takes seconds."""
  hidden = 'torch' not in sys.modules
  if hidden:
    sys.modules['torch'] = None  # what cannot be imported, it does without
  try:
    yield
  finally:
    if hidden:
      del sys.modules['torch']


class EventFile:
  """A new file of a folder; with the others there it is one curve."""

  def __init__(self, folder: pathlib.Path, step: int):
    """Opens it; of earlier files TensorBoard forgets `step` and later.

    Raises:
      OSError: it cannot be written; so do all other methods.
    """
    with _without_torch():
      from tensorboardX.proto import event_pb2
      from tensorboardX.record_writer import RecordWriter

    folder.mkdir(parents=True, exist_ok=True)
    name = f'events.out.tfevents.{time.time():.6f}.{platform.node()}'
    self._records = RecordWriter(str(folder / name))
    self._flushed = time.monotonic()
    self._event = event_pb2.Event
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    self._add(0, file_version='brain.Event:2')
    self._add(step, session_log=start)

  def write(self, step: int, values: Mapping[str, float]) -> None:
    """Adds scalars by name; they are on disk two minutes later."""
    from tensorboardX import summary

    for name, value in values.items():
      self._add(step, summary=summary.scalar(name, float(value)))
    if time.monotonic() - self._flushed > _FLUSH:
      self._records.flush()
      self._flushed = time.monotonic()

  def close(self) -> None:
    self._records.close()

  def _add(self, step: int, **what) -> None:
    event = self._event(wall_time=time.time(), step=step, **what)
    self._records.write(event.SerializeToString())
