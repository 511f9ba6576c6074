"""The models that validators chose, one file a step, if a run keeps them."""

from collections.abc import Collection
import json
import pathlib

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from da_jax import checkpoint, files, types
from da_jax.errors import UserError

FOLDER = 'best'


def write(run: pathlib.Path, state: types.State) -> None:
  """Keeps all of a state that predictions need, under its step.

  What is not chosen in the end stays until `prune`: an older checkpoint, from
  which a killed run goes on, may still count on it.

  Raises:
    UserError: it cannot be written.
  """
  folder = run / FOLDER
  needed = {'params': state.params, 'variables': state.variables}
  arrays = {
    name: np.asarray(leaf, order='C')
    for name, leaf in checkpoint.named_leaves(needed).items()
  }
  path = folder / _name(int(state.step))
  with files.writing(folder, (OSError, SafetensorError)):
    folder.mkdir(exist_ok=True)
    with files.replacing(path) as temporary:
      save_file(arrays, temporary)


def prune(run: pathlib.Path, steps: Collection[int | None]) -> None:
  """Deletes the files of all but some steps.

  Raises:
    UserError: they cannot be.
  """
  kept, folder = {_name(step) for step in steps}, run / FOLDER
  with files.writing(folder):
    for path in folder.glob('*'):
      if path.name not in kept:
        path.unlink()


def read(
  run: pathlib.Path, results: pathlib.Path, validator: str
) -> dict[str, np.ndarray]:
  """The arrays of the model that a validator chose, and 'step'.

  Args:
    run: folder of a finished run.
    results: its results.json.
    validator: a key of `selection.VALIDATORS`.

  Returns:
    Name, such as 'params/model/head/kernel' -> array.

  Raises:
    UserError: the validator chose nothing, or the run did not keep it.
  """
  choices = json.loads(results.read_text()).get('validators', {})
  step = choices.get(validator, {}).get('step')
  if step is None:
    raise UserError(f'{validator} chose no model of {run}.')
  path = run / FOLDER / _name(step)
  if not path.exists():
    raise UserError(
      f'{run} has not kept the model of step {step}, which {validator} chose:'
      ' train with --keep_best.'
    )
  return {**load_file(path), 'step': np.int32(step)}


def _name(step: int | None) -> str:
  return f'{step}.safetensors'
