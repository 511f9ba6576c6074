"""Checkpoints of a run of many processes, the first of which has its folder."""

from collections.abc import Mapping
import contextlib
import pathlib

import jax

from da_jax import hosts, parallel, types
from da_jax.checkpoint import RECORD, Checkpoints


class SharedCheckpoints:
  """As `Checkpoints`, of many processes, the first of which has the folder."""

  def __init__(self, run: pathlib.Path):
    self._stack = contextlib.ExitStack()
    self._mine = Checkpoints(run) if hosts.is_first() else None

  def __enter__(self):
    if self._mine:
      self._stack.enter_context(self._mine)
    return self

  def __exit__(self, *_):
    self._stack.close()

  def save(self, step: int, standing: Mapping[str, types.PyTree]) -> None:
    """As `Checkpoints.save`; the state is the same on all processes."""
    if self._mine:
      self._mine.save(step, _fetched(standing))

  def restore(
    self, template: Mapping[str, types.PyTree]
  ) -> dict[str, types.PyTree] | None:
    """As `Checkpoints.restore`, told to all."""
    trees = _fetched(template)

    def read():
      nonlocal trees
      if (restored := self._mine.restore(trees)) is not None:
        trees = restored
      return restored and restored[RECORD]

    record = hosts.on_first(read)
    if record is None:
      return None
    trees.pop(RECORD)
    return {**parallel.replicate(trees), RECORD: record}


def of(run: pathlib.Path) -> Checkpoints | SharedCheckpoints:
  """The checkpoints of a run's folder, of one process or many."""
  return SharedCheckpoints(run) if hosts.many() else Checkpoints(run)


def _fetched(standing: Mapping[str, types.PyTree]) -> dict[str, types.PyTree]:
  # Orbax refuses arrays of one process where there are many.
  return {
    name: tree if name == RECORD else jax.device_get(tree)
    for name, tree in standing.items()
  }
