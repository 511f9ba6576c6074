"""Checkpoints of a run: everything that a resume needs, in one atomic folder.

Arrays are stored under the names of their tree paths
('state/params/model/head/kernel'), so that a reader needs no class of ours.
"""

from collections.abc import Mapping
import hashlib
import json
import pathlib
import shutil
from typing import Any
import zlib

from absl import logging
import jax
import numpy as np
import orbax.checkpoint as ocp

from da_jax import damage, files, hosts, leftovers, types
from da_jax.errors import UserError

FOLDER = 'checkpoints'
RECORD, ARRAYS, CHECKSUM = 'record', 'arrays', 'checksum'


def named_leaves(tree: types.PyTree) -> dict[str, Any]:
  """All leaves of a tree by their path, as 'a/b/c'."""
  leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
  return {
    jax.tree_util.keystr(path, simple=True, separator='/'): leaf
    for path, leaf in leaves
  }


def digest(tree: types.PyTree) -> str:
  """Of the names, types, shapes and bits of all leaves."""
  whole = hashlib.blake2b(digest_size=16)
  for name, leaf in sorted(named_leaves(tree).items()):
    array = np.asarray(leaf)
    whole.update(f'{name} {array.dtype} {array.shape} '.encode())
    whole.update(array.tobytes())
  return whole.hexdigest()


def fill(template: types.PyTree, leaves: Mapping[str, Any], what: str):
  """The template's structure with leaves looked up by name.

  Args:
    template: tree of arrays or ShapeDtypeStructs.
    leaves: arrays by path; names that the template lacks are ignored.
    what: names the file in errors.

  Returns:
    A tree like `template`.

  Raises:
    UserError: a leaf is missing or has another shape.
  """
  wanted = named_leaves(template)
  wrong = [
    f'{name} {leaf.shape}'
    + (f' (there {leaves[name].shape})' if name in leaves else ' (missing)')
    for name, leaf in wanted.items()
    if name not in leaves or leaves[name].shape != leaf.shape
  ]
  if wrong:
    raise UserError(
      f'{what} does not fit this model in {len(wanted)} arrays, {len(wrong)} of'
      f' which differ: {"; ".join(wrong[:3])}.'
    )
  structure = jax.tree.structure(template)
  return jax.tree.unflatten(structure, [leaves[name] for name in wanted])


class Checkpoints:
  """The checkpoints of one run's folder; the newest two are kept."""

  def __init__(self, run: pathlib.Path):
    self._folder = (run / FOLDER).absolute()
    # Where there are other processes, only this one has the folder.
    alone = ocp.options.MultiprocessingOptions(
      primary_host=0,
      active_processes={0} if hosts.many() else None,
      barrier_sync_key_prefix='first' if hosts.many() else None,
    )
    leftovers.drop()
    with self._writing():
      self._folder.mkdir(parents=True, exist_ok=True)
      self._manager = ocp.CheckpointManager(
        self._folder,
        options=ocp.CheckpointManagerOptions(
          max_to_keep=2,
          create=False,
          cleanup_tmp_directories=True,
          multiprocessing_options=alone,
        ),
      )

  def __enter__(self):
    return self

  def __exit__(self, *_):
    """Waits until everything is written.

    Raises:
      UserError: it cannot be.
    """
    with self._writing():
      self._manager.wait_until_finished()
      self._manager.close()

  def save(self, step: int, standing: Mapping[str, types.PyTree]) -> None:
    """Starts writing in the background; a kill leaves the one before.

    Args:
      step: updates done.
      standing: 'record', JSON values; everything else are trees of device
        arrays, which may be donated as soon as this returns.

    Raises:
      UserError: the folder is gone, the disk is full, or this or the last one
        cannot be written.
    """
    if not self._folder.is_dir():  # else Orbax would begin another one
      raise UserError(
        f'{self._folder} has vanished while the run went on: there is nothing'
        ' to go on from.'
      )
    leaves = named_leaves({n: t for n, t in standing.items() if n != RECORD})
    needed = sum(leaf.nbytes for leaf in leaves.values())
    free = shutil.disk_usage(self._folder).free
    if free < needed:  # Orbax would find out in the middle, with much ado
      raise UserError(
        f'a checkpoint needs {needed / 1e6:.1f} MB and the disk of'
        f' {self._folder} has {free / 1e6:.1f} MB left: make room, and the same'
        ' command goes on from the checkpoint before.'
      )
    record = standing[RECORD]
    record = {RECORD: record, CHECKSUM: _checksum(leaves, record)}
    with self._writing():
      self._manager.save(
        step,
        args=ocp.args.Composite(
          arrays=ocp.args.StandardSave(leaves),
          record=ocp.args.JsonSave(record),
        ),
      )

  def restore(
    self, template: Mapping[str, types.PyTree]
  ) -> dict[str, types.PyTree] | None:
    """The newest readable checkpoint; None without one.

    Args:
      template: as given to `save`; shapes, dtypes and shardings are used.

    Returns:
      What was given to `save`, or None.

    Raises:
      UserError: there are checkpoints and none can be read, or one cannot be
        for a reason that may pass.
    """
    steps = sorted(self._manager.all_steps(), reverse=True)
    trees = {name: tree for name, tree in template.items() if name != RECORD}
    reasons = []
    for step in steps:
      # Damage shows as anything, even as a bare Exception of Orbax.
      try:
        leaves, record = _read(self._manager, step, named_leaves(trees))
      except Exception as error:
        reasons.append(damage.reason(self._folder / str(step), error))
        logging.warning(
          'checkpoint %d is damaged, going back before it: %s',
          step,
          reasons[-1],
        )
        continue
      filled = fill(trees, leaves, 'The checkpoint')
      # What is damaged would not be saved again, and takes room.
      with self._writing():
        for newer in steps[: len(reasons)]:
          self._manager.delete(newer)
      return {**filled, RECORD: record}
    if steps:
      raise UserError(
        f'no checkpoint in {self._folder} can be read ({reasons[0]}): delete'
        ' the folder or run with --overwrite.'
      )
    return None

  def _writing(self):
    """Failures as a sentence; Orbax has many types of them."""
    return files.writing(self._folder, Exception)


def _read(manager, step: int, template: Mapping[str, Any]) -> tuple[dict, dict]:
  """Arrays like the template's and the record; damage raises anything."""
  restored = manager.restore(
    step,
    args=ocp.args.Composite(
      arrays=ocp.args.StandardRestore(template),
      record=ocp.args.JsonRestore(),
    ),
  )
  leaves, record = restored.arrays, restored.record
  if not {RECORD, CHECKSUM} & record.keys():  # of an earlier version
    return leaves, record
  if record[CHECKSUM] != _checksum(leaves, record[RECORD]):
    raise ValueError('its checksum differs')
  return leaves, record[RECORD]


def _checksum(leaves: Mapping[str, Any], record: Mapping[str, Any]) -> int:
  """CRC-32 of all; what stores arrays does not notice a flipped bit."""
  checksum = zlib.crc32(json.dumps(record, sort_keys=True).encode())
  for name in sorted(leaves):
    array = np.ascontiguousarray(jax.device_get(leaves[name]))
    checksum = zlib.crc32(array.view(np.uint8), checksum)
  return checksum


def read_arrays(run: pathlib.Path) -> dict[str, Any]:
  """The newest checkpoint of another run, as NumPy arrays by name.

  Args:
    run: the run's folder.

  Returns:
    Names as in `named_leaves`; the model chosen by the run's selection is
    under 'selected/params/model/' and 'selected/variables/model/'.

  Raises:
    UserError: the folder holds no checkpoint, or the newest is damaged or
      cannot be read.
  """
  folder = (run / FOLDER).absolute()
  if not folder.is_dir():
    raise UserError(f'{run} is not the folder of a run: it has no {FOLDER}/.')
  leftovers.drop()
  handlers = {
    ARRAYS: ocp.StandardCheckpointHandler(),
    RECORD: ocp.JsonCheckpointHandler(),
  }
  with ocp.CheckpointManager(folder, item_handlers=handlers) as manager:
    step = manager.latest_step()
    if step is None:
      raise UserError(f'{folder} holds no finished checkpoint.')
    try:
      described = manager.item_metadata(step)[ARRAYS]
      # As NumPy: the run may have had other devices than there are here.
      template = {
        name: np.empty(array.shape, array.dtype)
        for name, array in described.items()
      }
      return _read(manager, step, template)[0]
    except Exception as error:
      why = damage.reason(folder / str(step), error)
      raise UserError(
        f'{folder / str(step)} is damaged: {why}. Put a copy of it back or'
        ' train again with --overwrite.'
      ) from error
