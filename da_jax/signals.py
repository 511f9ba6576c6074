"""Turning signals into a question that a loop asks between steps."""

from collections.abc import Callable, Iterator
import contextlib
import signal
import threading

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def deferred() -> Iterator[Callable[[], int | None]]:
  """Defers Ctrl-C and SIGTERM; a second one has its usual effect at once.

  Yields:
    A function that returns the number of the signal received, or None.
  """
  received: list[int] = []
  # Only the main thread may set handlers; elsewhere nothing is deferred.
  if threading.current_thread() is not threading.main_thread():
    yield lambda: None
    return
  previous = {number: signal.getsignal(number) for number in SIGNALS}

  def restore() -> None:
    for number, handler in previous.items():
      signal.signal(number, handler)

  def handle(number, _):
    received.append(number)
    restore()

  for number in SIGNALS:
    signal.signal(number, handle)
  try:
    yield lambda: received[0] if received else None
  finally:
    restore()
