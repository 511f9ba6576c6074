"""Starting a run from what was trained before: a file or another run."""

from collections.abc import Callable, Sequence
import json
import pathlib

import jax

from da_jax import checkpoint, runs, weights
from da_jax.types import State

StartFn = Callable[[State], State]


def start_from(path: pathlib.Path, class_names: Sequence[str]) -> StartFn:
  """What puts trained weights into a method's initial state.

  A file of weights replaces the backbone. A run's folder replaces the model
  that the run selected; its head stays behind where the classes are others.

  Args:
    path: a file for `load_backbone`, or the folder of a run.
    class_names: of the new run, in the order of its labels.

  Returns:
    A function of the initial state.

  Raises:
    UserError: (also from the function) the weights cannot be read or are of
      another network.
  """
  return _from_run(path, class_names) if path.is_dir() else _from_file(path)


def _from_file(path: pathlib.Path) -> StartFn:
  def start(state):
    params, variables = state.params['model'], state.variables['model']
    template = {'params': params['backbone']}
    if 'backbone' in variables.get('batch_stats', {}):
      template['batch_stats'] = variables['batch_stats']['backbone']
    loaded = weights.load_backbone(path, template)
    params = {**params, 'backbone': loaded['params']}
    if 'batch_stats' in loaded:
      statistics = {
        **variables['batch_stats'],
        'backbone': loaded['batch_stats'],
      }
      variables = {**variables, 'batch_stats': statistics}
    return _with_model(state, params, variables)

  return start


def _from_run(run: pathlib.Path, class_names: Sequence[str]) -> StartFn:
  arrays = checkpoint.read_arrays(run)
  prefix = 'selected/'
  arrays = {
    name.removeprefix(prefix): jax.numpy.array(value)
    for name, value in arrays.items()
    if name.startswith(prefix)
  }
  config = json.loads((run / runs.CONFIG).read_text())
  keep_head = config['class_names'] == list(class_names)

  def start(state):
    params = dict(state.params['model'])
    head = {} if keep_head else {'head': params.pop('head')}
    template = {
      'params': {'model': params},
      'variables': {'model': state.variables['model']},
    }
    loaded = checkpoint.fill(template, arrays, f'The model of {run}')
    return _with_model(
      state,
      {**loaded['params']['model'], **head},
      loaded['variables']['model'],
    )

  return start


def _with_model(state: State, params, variables) -> State:
  return state._replace(
    params={**state.params, 'model': params},
    variables={**state.variables, 'model': variables},
  )
