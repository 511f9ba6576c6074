"""Turning signals into a question that a loop asks between steps."""

from collections.abc import Callable, Iterator
import contextlib
import os
import signal
import sys
import threading

# What schedulers send before they take a machine away.
PREEMPTION = (signal.SIGTERM, signal.SIGUSR1)
SIGNALS = (signal.SIGINT, *PREEMPTION)
_AGAIN = 0.05  # seconds until a signal is sent again that was lost


class PreemptedError(BaseException):
  """A signal of `PREEMPTION` where nothing defers it."""


@contextlib.contextmanager
def raising() -> Iterator[None]:
  """Makes signals of `PREEMPTION` exceptions, as Ctrl-C is one."""
  hook = sys.unraisablehook

  def handle(number, _):
    raise PreemptedError(number)

  def again(unraisable):
    # Python drops what is raised in a destructor or in a callback of the
    # garbage collector; the signal would be lost.
    if isinstance(unraisable.exc_value, PreemptedError):
      signal_again = (os.getpid(), *unraisable.exc_value.args)
      timer = threading.Timer(_AGAIN, os.kill, signal_again)
      timer.daemon = True
      timer.start()
    else:
      hook(unraisable)

  sys.unraisablehook = again
  try:
    with _handling(dict.fromkeys(PREEMPTION, handle)):
      yield
  finally:
    if sys.unraisablehook is again:  # else another was put before it
      sys.unraisablehook = hook


def ignore() -> None:
  """Makes signals of `PREEMPTION` change nothing: the process is ending."""
  if threading.current_thread() is threading.main_thread():
    for number in PREEMPTION:
      signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def deferred() -> Iterator[Callable[[], int | None]]:
  """Defers all of `SIGNALS`; after one, Ctrl-C has its usual effect at once.

  Schedulers repeat theirs, and others than the first change nothing. Who stops
  for a signal raises; where the end is an ordinary one, the first that came has
  its usual effect then, so that none is lost that came after the last question.

  Yields:
    A function that returns the number of the first signal, or None.
  """
  received: list[int] = []

  def handle(number, _):
    received.append(number)
    signal.signal(signal.SIGINT, interrupt)

  interrupt = signal.getsignal(signal.SIGINT)
  with _handling(dict.fromkeys(SIGNALS, handle)):
    yield lambda: received[0] if received else None
  if received:
    signal.raise_signal(received[0])


@contextlib.contextmanager
def _handling(handlers) -> Iterator[None]:
  # Only the main thread may set handlers; elsewhere nothing is caught.
  if threading.current_thread() is not threading.main_thread():
    yield
    return
  previous = {number: signal.getsignal(number) for number in handlers}
  for number, handler in handlers.items():
    signal.signal(number, handler)
  try:
    yield
  finally:
    for number, handler in previous.items():
      signal.signal(number, handler)
