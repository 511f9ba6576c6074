"""Starting a run from what was trained before: a file or another run."""

from collections.abc import Callable, Sequence
import os
import pathlib

import jax

from da_jax import checkpoint, weights
from da_jax.data import normalisation
from da_jax.data.normalisation import Normalisation
from da_jax.errors import UserError
from da_jax.methods.start import SOURCE_HEAD, Trained
from da_jax.types import State
from da_jax.weights import trained

StartFn = Callable[[State], State]


def start_from(
  path: pathlib.Path, class_names: Sequence[str], backbone: str | None = None
) -> StartFn:
  """What puts trained weights into a method's initial state.

  A file of weights replaces the backbone. A run's folder replaces the model
  that the run selected (its average, if it kept one); its head stays behind
  where the classes are others, and is the part 'source_head' of a method that
  has one.

  Args:
    path: a file for `load_backbone`, or the folder of a run.
    class_names: of the new run, in the order of its labels.
    backbone: key of `models.BACKBONES`.

  Returns:
    A function of the initial state.

  Raises:
    UserError: (also from the function) the weights cannot be read or are of
      another network.
  """
  if path.is_dir():
    return _from_run(path, class_names)
  return _from_file(path, backbone)


def input_of(path: pathlib.Path, backbone: str) -> Normalisation | None:
  """How the images were normalised that trained weights come from.

  Args:
    path: as of `start_from`.
    backbone: key of `models.BACKBONES`.

  Returns:
    What the run recorded or `weights.input_of` says; None if it is not known.

  Raises:
    UserError: the weights cannot be read.
  """
  if not path.is_dir():
    return weights.input_of(path, backbone)
  images = trained.config_of(path).get('images')
  return None if images is None else normalisation.from_record(images)


def parts_of(path: str | os.PathLike, class_names: Sequence[str]) -> Trained:
  """What `start_from` brings, without reading the weights.

  Args:
    path: as of `start_from`.
    class_names: of the new run.

  Returns:
    The parts, and the number of classes of a run's head.

  Raises:
    UserError: the path does not exist or is the folder of something else.
  """
  path = pathlib.Path(path)
  if not path.exists():
    raise UserError(f'--weights={path} does not exist.')
  if not path.is_dir():
    return Trained(('backbone',))
  names = trained.config_of(path)['class_names']
  same = ('head',) if names == list(class_names) else ()
  return Trained(('backbone', 'bottleneck', *same), len(names))


def _from_file(path: pathlib.Path, backbone: str | None) -> StartFn:
  def start(state):
    params, variables = state.params['model'], state.variables['model']
    template = {'params': params['backbone']}
    if 'backbone' in variables.get('batch_stats', {}):
      template['batch_stats'] = variables['batch_stats']['backbone']
    loaded = weights.load_backbone(path, template, backbone)
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
  arrays = {
    name: jax.numpy.array(value)
    for name, value in trained.arrays_of(run).items()
  }
  keep_head = trained.config_of(run)['class_names'] == list(class_names)

  def start(state):
    params = dict(state.params['model'])
    head = {} if keep_head else {'head': params.pop('head')}
    template = {
      'params': {'model': params},
      'variables': {'model': state.variables['model']},
    }
    loaded = checkpoint.fill(template, arrays, f'The model of {run}')
    if SOURCE_HEAD in state.params:
      state = _with_source_head(state, arrays, run)
    return _with_model(
      state,
      {**loaded['params']['model'], **head},
      loaded['variables']['model'],
    )

  return start


def _with_source_head(state: State, arrays, run: pathlib.Path) -> State:
  template = {'head': state.params[SOURCE_HEAD]['fc']}
  loaded = checkpoint.fill(
    {'params': {'model': template}}, arrays, f'The head of {run}'
  )
  head = {'fc': loaded['params']['model']['head']}
  return state._replace(params={**state.params, SOURCE_HEAD: head})


def _with_model(state: State, params, variables) -> State:
  return state._replace(
    params={**state.params, 'model': params},
    variables={**state.variables, 'model': variables},
  )
