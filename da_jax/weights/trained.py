"""The model that a run selected, without the data that it was trained on."""

from collections.abc import Mapping
import json
import pathlib
from typing import Any, NamedTuple

from flax import linen as nn
from flax import traverse_util
import jax
import jax.numpy as jnp
import numpy as np

from da_jax import best, checkpoint, models, runs, types, weights
from da_jax.errors import UserError
from da_jax.methods.ema import EMA
from da_jax.models import from_settings
from da_jax.selection import VALIDATORS

# Of a run's checkpoint: the name of the state in it.
STATES = {'selected': 'selected', 'last': 'state'}
WHICH = (*STATES, *VALIDATORS)


# Where the backbone's variables are in those of a run, and in its own.
_BACKBONE = {
  'params/model/backbone/': 'params/',
  'variables/model/batch_stats/backbone/': 'batch_stats/',
}


class Trained(NamedTuple):
  """What a run leaves to those who only predict."""

  config: dict  # config.json
  # NumPy arrays of a `models.Classifier`: {'params', maybe 'batch_stats'}.
  variables: types.PyTree


def config_of(run: pathlib.Path) -> dict:
  """The config.json of a run.

  Raises:
    UserError: the folder is not that of a run.
  """
  path = run / runs.CONFIG
  if not path.is_file():
    raise UserError(f'{run} is not the folder of a run: it has no {path.name}.')
  return json.loads(path.read_text())


def arrays_of(
  run: pathlib.Path, which: str = 'selected'
) -> dict[str, np.ndarray]:
  """The arrays of a state, averages in the place of what was averaged.

  A run on cached features has the frozen backbone's from where they come.

  Args:
    run: its folder, with a checkpoint.
    which: 'selected', the state that the run selected, 'last', that of its
      newest checkpoint, or a validator, what that would have chosen.

  Returns:
    Name, such as 'params/model/head/kernel' -> array.

  Raises:
    UserError: the run has no such state, or its frozen backbone is gone.
  """
  if which in STATES:
    prefix, arrays = f'{STATES[which]}/', checkpoint.read_arrays(run)
  else:
    prefix, arrays = '', best.read(run, run / runs.RESULTS, which)
  found = {
    name.removeprefix(part): array
    for part in (prefix, f'{prefix}variables/{EMA}/')
    for name, array in arrays.items()
    if name.startswith(part)
  }
  config = config_of(run)
  return found | (
    _frozen_backbone(run, config) if config.get('encoder') else {}
  )


def backbone_of(
  path: pathlib.Path, settings: Mapping[str, Any], images: Mapping[str, Any]
) -> types.PyTree:
  """The variables of a backbone alone.

  Args:
    path: a file for `weights.load_backbone`, or the folder of a run.
    settings: 'backbone' and 'dtype', as of `from_settings.backbone`.
    images: as in config.json: 'shape' and 'mean'.

  Returns:
    {'params', maybe 'batch_stats'}.

  Raises:
    UserError: they cannot be read or are of another network.
  """
  template = _variables_of(from_settings.backbone(settings), images)
  if not path.is_dir():
    return weights.load_backbone(path, template, settings['backbone'])
  arrays = {
    ours + name.removeprefix(theirs): array
    for name, array in arrays_of(path).items()
    for theirs, ours in _BACKBONE.items()
    if name.startswith(theirs)
  }
  return checkpoint.fill(template, arrays, f'The backbone of {path}')


def _frozen_backbone(run: pathlib.Path, config: dict) -> dict[str, np.ndarray]:
  path = pathlib.Path(config['encoder']['weights'])
  if not path.exists():
    raise UserError(
      f'{run} was trained on features of {path}, which does not exist: put'
      ' these weights back there.'
    )
  variables = backbone_of(path, config['flags'], config['images'])
  if checkpoint.digest(variables) != config['encoder']['digest']:
    raise UserError(
      f'{run} was trained on features of {path}, which holds other weights now:'
      ' put the former ones back.'
    )
  named = checkpoint.named_leaves(variables)
  return {
    theirs + name.removeprefix(ours): np.asarray(array)
    for name, array in named.items()
    for theirs, ours in _BACKBONE.items()
    if name.startswith(ours)
  }


def read(run: pathlib.Path) -> Trained:
  """Reads what a run selected.

  Args:
    run: its folder, with a checkpoint.

  Returns:
    Its settings and the classifier's arrays.

  Raises:
    UserError: it is not the folder of a run or has no checkpoint.
  """
  config = config_of(run)
  variables = {}
  for name, array in arrays_of(run).items():
    match name.split('/'):
      case 'params', 'model', *path:
        variables['params', *path] = array
      case 'variables', 'model', *path:
        variables[tuple(path)] = array
  return Trained(config, traverse_util.unflatten_dict(variables))


def classifier(trained: Trained) -> models.Classifier:
  """The module that applies the variables of a run on images.

  Raises:
    UserError: the variables are of another module.
  """
  config = trained.config
  model = from_settings.classifier(config['flags'], len(config['class_names']))
  template = _variables_of(model, config['images'])
  named = checkpoint.named_leaves(trained.variables)
  checkpoint.fill(template, named, 'What the run selected')
  return model


def _variables_of(module: nn.Module, images: Mapping[str, Any]) -> types.PyTree:
  height, width, channels = images['shape']
  channels = max(channels, np.size(images['mean']))
  x = jax.ShapeDtypeStruct((1, height, width, channels), jnp.float32)
  return jax.eval_shape(lambda x: module.init(jax.random.key(0), x, False), x)
