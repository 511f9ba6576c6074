"""What Orbax leaves under way when a checkpoint cannot be read or written.

The failure itself is raised, and `checkpoint` says it in a sentence. Every
other array that was under way would show a traceback of its own, from a thread
or an event loop whose end nobody waits for: those are dropped here.
"""

import functools
import inspect
import logging
import sys

from absl import logging as absl_logging


def drop() -> None:
  """From now on, in the whole process; again changes nothing."""
  absl_logging.get_absl_logger().addFilter(_raised_as_well)
  logging.getLogger('asyncio').addFilter(_awaited)
  hook = sys.unraisablehook
  if getattr(hook, 'func', None) is not _pass_on:
    sys.unraisablehook = functools.partial(_pass_on, hook)


def _raised_as_well(record: logging.LogRecord) -> bool:
  """Whether it is no traceback that Orbax logs and then raises."""
  return not (record.exc_info and 'orbax' in record.pathname)


def _awaited(record: logging.LogRecord) -> bool:
  """Whether it is not about the exception of one of many tasks."""
  return 'exception was never retrieved' not in str(record.msg)


def _pass_on(hook, unraisable) -> None:
  """Calls a hook for unraisable exceptions with those of others."""
  late = str(unraisable.exc_value) == 'Event loop is closed'
  task = unraisable.object
  ended = inspect.iscoroutine(task) and 'orbax' in task.cr_code.co_filename
  if not late and not ended:
    hook(unraisable)
