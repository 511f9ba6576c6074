"""Checkpoints of a run: everything that a resume needs, in one atomic folder.

Arrays are stored under the names of their tree paths
('state/params/model/head/kernel'), so that a reader needs no class of ours.
"""

from collections.abc import Mapping
import pathlib
from typing import Any

from absl import logging
import jax
import numpy as np
import orbax.checkpoint as ocp

from da_jax import types
from da_jax.errors import UserError

FOLDER = 'checkpoints'
RECORD, ARRAYS = 'record', 'arrays'


def named_leaves(tree: types.PyTree) -> dict[str, Any]:
  """All leaves of a tree by their path, as 'a/b/c'."""
  leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
  return {
    jax.tree_util.keystr(path, simple=True, separator='/'): leaf
    for path, leaf in leaves
  }


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
    self._manager = ocp.CheckpointManager(
      (run / FOLDER).absolute(),
      options=ocp.CheckpointManagerOptions(
        max_to_keep=2, cleanup_tmp_directories=True
      ),
    )

  def __enter__(self):
    return self

  def __exit__(self, *_):
    """Waits until everything is written."""
    self._manager.wait_until_finished()
    self._manager.close()

  def save(self, step: int, standing: Mapping[str, types.PyTree]) -> None:
    """Starts writing in the background; a kill leaves the one before.

    Args:
      step: updates done.
      standing: 'record', JSON values; everything else are trees of device
        arrays, which may be donated as soon as this returns.
    """
    trees = {name: tree for name, tree in standing.items() if name != RECORD}
    self._manager.save(
      step,
      args=ocp.args.Composite(
        arrays=ocp.args.StandardSave(named_leaves(trees)),
        record=ocp.args.JsonSave(standing[RECORD]),
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
      UserError: there are checkpoints and none can be read.
    """
    steps = sorted(self._manager.all_steps(), reverse=True)
    trees = {name: tree for name, tree in template.items() if name != RECORD}
    leaves = named_leaves(trees)
    for step in steps:
      try:
        restored = self._manager.restore(
          step,
          args=ocp.args.Composite(
            arrays=ocp.args.StandardRestore(leaves),
            record=ocp.args.JsonRestore(),
          ),
        )
      except (ValueError, OSError, KeyError) as error:
        logging.warning('Checkpoint %d is unreadable: %s', step, error)
        continue
      filled = fill(trees, restored.arrays, 'The checkpoint')
      return {**filled, RECORD: restored.record}
    if steps:
      raise UserError(
        f'no checkpoint in {self._manager.directory} can be read: delete the'
        ' folder or run with --overwrite.'
      )
    return None


def read_arrays(run: pathlib.Path) -> dict[str, Any]:
  """The newest checkpoint of another run, as NumPy arrays by name.

  Args:
    run: the run's folder.

  Returns:
    Names as in `named_leaves`; the model chosen by the run's selection is
    under 'selected/params/model/' and 'selected/variables/model/'.

  Raises:
    UserError: the folder holds no checkpoint.
  """
  folder = (run / FOLDER).absolute()
  if not folder.is_dir():
    raise UserError(f'{run} is not the folder of a run: it has no {FOLDER}/.')
  handlers = {
    ARRAYS: ocp.StandardCheckpointHandler(),
    RECORD: ocp.JsonCheckpointHandler(),
  }
  with ocp.CheckpointManager(folder, item_handlers=handlers) as manager:
    step = manager.latest_step()
    if step is None:
      raise UserError(f'{folder} holds no finished checkpoint.')
    described = manager.item_metadata(step)[ARRAYS]
    # As NumPy: the run may have had other devices than there are here.
    template = {
      name: np.empty(array.shape, array.dtype)
      for name, array in described.items()
    }
    restore = ocp.args.Composite(**{ARRAYS: ocp.args.StandardRestore(template)})
    return manager.restore(step, args=restore)[ARRAYS]
