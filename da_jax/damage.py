"""Whether what cannot be read is damaged, or the machine fails at the moment.

Only the former is a reason to go back before it. Orbax and TensorStore raise
many types of exceptions, the reason often behind another one.
"""

from collections.abc import Iterator
import errno
import pathlib
import re

import jax

from da_jax import files
from da_jax.errors import UserError

# What of the system's errors is damage; others are rights, limits and disks.
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
# The codes of TensorStore's errors that say nothing about what is read.
_PASSING = re.compile(
  'PERMISSION_DENIED|RESOURCE_EXHAUSTED|UNAVAILABLE|UNKNOWN|INTERNAL|CANCELLED'
  '|ABORTED|DEADLINE_EXCEEDED'
)


def reason(path: pathlib.Path, error: Exception) -> str:
  """What is damaged, of a failure to read.

  Args:
    path: what was read.
    error: the failure.

  Raises:
    UserError: it may be whole; memory, rights or a disk are the reason.
  """
  chain = list(_chain(error))
  for one in chain:
    if _is_of_the_machine(one):
      raise UserError(
        f'{path} cannot be read: {files.reason(one)}. Nothing was changed: mend'
        ' it, and the same command goes on.'
      ) from error
  return files.reason(chain[-1]).rstrip('.')


def _chain(error: BaseException | None) -> Iterator[BaseException]:
  """An exception and what led to it."""
  while error is not None:
    yield error
    hidden = None if error.__suppress_context__ else error.__context__
    error = error.__cause__ or hidden


def _is_of_the_machine(error: BaseException) -> bool:
  if isinstance(error, (MemoryError, jax.errors.JaxRuntimeError)):
    return True
  if number := files.system_error(error):
    return number not in _MISSING
  return _PASSING.match(str(error)) is not None
