"""What the processes of a run tell each other; alone, nothing.

All run the same program. Process 0 reads and writes the run's folder, which no
other needs to see, and what it finds there is told to all.
"""

from collections.abc import Callable, Iterator, Mapping
import contextlib
import json
from typing import Any, TypeVar
import zlib

import jax
from jax.experimental import multihost_utils
import numpy as np

from da_jax import types
from da_jax.errors import UserError

T = TypeVar('T')


def many() -> bool:
  """Whether there are other processes."""
  return jax.process_count() > 1


def is_first() -> bool:
  """Whether this is the process that writes."""
  return jax.process_index() == 0


def share(size: int) -> slice:
  """Which of `size` rows of a batch are this process's."""
  index, count = jax.process_index(), jax.process_count()
  return slice(index * size // count, (index + 1) * size // count)


def on_first(function: Callable[[], T]) -> T:
  """Calls a function on process 0 and gives its JSON value to all.

  Raises:
    UserError: the function did, then on all processes.
  """
  if not many():
    return function()
  answer = {}
  if is_first():
    try:
      answer = {'value': function()}
    except UserError as error:
      answer = {'error': str(error)}
  text = np.frombuffer(json.dumps(answer).encode(), np.uint8)
  size = multihost_utils.broadcast_one_to_all(np.int32(len(text)))
  text = text if is_first() else np.zeros(int(size), np.uint8)
  answer = json.loads(multihost_utils.broadcast_one_to_all(text).tobytes())
  if 'error' in answer:
    raise UserError(answer['error'])
  return answer['value']


@contextlib.contextmanager
def entered_on_first(
  context: contextlib.AbstractContextManager[None],
) -> Iterator[None]:
  """Enters a context on process 0 only.

  Raises:
    UserError: it did, then on all processes.
  """
  with contextlib.ExitStack() as stack:
    on_first(lambda: stack.enter_context(context))
    yield


def from_first(tree: types.PyTree) -> types.PyTree:
  """Arrays of process 0 on all processes, bit for bit.

  Args:
    tree: of arrays; elsewhere than on process 0 only shapes and types count.

  Returns:
    The tree as NumPy arrays.
  """
  arrays = jax.device_get(tree)
  # As bytes: they are summed with zeros on the way, which changes -0.
  raw = jax.tree.map(
    lambda array: np.ascontiguousarray(array).reshape(-1).view(np.uint8), arrays
  )
  return jax.tree.map(
    lambda told, array: np.array(told).view(array.dtype).reshape(array.shape),
    multihost_utils.broadcast_one_to_all(raw),
    arrays,
  )


def of_all(numbers: Mapping[str, float]) -> list[dict[str, float]]:
  """Numbers of every process, in their order, as float32 if they are many.

  Args:
    numbers: under the same names on all processes.
  """
  if not many():
    return [dict(numbers)]
  row = np.array(list(numbers.values()), np.float32)
  return [
    dict(zip(numbers, row.tolist(), strict=True))
    for row in multihost_utils.process_allgather(row)
  ]


def check_same(what: str, value: Any) -> None:
  """Raises UserError on all processes unless a JSON value is equal on all."""
  if not many():
    return
  checksum = zlib.crc32(json.dumps(value, sort_keys=True).encode())
  all_of_them = multihost_utils.process_allgather(np.uint32(checksum))
  other = np.flatnonzero(all_of_them != all_of_them[0])
  if len(other):
    raise UserError(
      f'{what} of process {other[0]} are not those of process 0: give all'
      ' processes the same.'
    )
