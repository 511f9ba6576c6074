"""Many files at once: a function mapped in threads, which wait for the disk."""

from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
import os
from typing import Any

_SECONDS_BEFORE_PROGRESS = 2.0


def mapped(
  function: Callable[[Any], Any], items: Sequence, *, chunk: int, doing: str
) -> Iterator:
  """Maps in threads, in order, and shows progress.

  Args:
    function: called in threads; what it raises ends the iteration.
    items: its arguments.
    chunk: how many are handed to the threads at once, so that they are no
      further ahead of who takes the results.
    doing: what the progress is of.

  Yields:
    A result for each item.
  """
  import tqdm

  # To a terminal, and only once it has taken long enough to wonder.
  bar = tqdm.tqdm(
    desc=doing,
    total=len(items),
    delay=_SECONDS_BEFORE_PROGRESS,
    disable=None,
    leave=False,
  )
  with bar, futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for start in range(0, len(items), chunk):
      for result in pool.map(function, items[start : start + chunk]):
        yield result
        bar.update()
