"""A trained run as a function of raw examples: `da_jax.load(run)`."""

from collections.abc import Mapping
import dataclasses
import pathlib
from typing import Any, NamedTuple

from absl import logging
import jax
import jax.numpy as jnp
import numpy as np

from da_jax import checkpoint, evaluate, parallel, runs
from da_jax.data import inputs, normalisation
from da_jax.data.augment import Augmentation
from da_jax.errors import UserError
from da_jax.methods.base import predictor
from da_jax.models import from_settings
from da_jax.types import State
from da_jax.weights.trained import WHICH, arrays_of, config_of


class Classified(NamedTuple):
  """What a trained model says of `n` examples."""

  probabilities: np.ndarray  # float64 [n, k]
  features: np.ndarray  # float32 [n, d]


@dataclasses.dataclass(frozen=True)
class Predictor:
  """A trained model.

  Attributes:
    run: folder that it comes from.
    class_names: k of them.
    inputs: what it takes, see `inputs`.
    fitted: what training examples taught about preparing others.
    state: of the run.
    predict_all: (state, prepared x) -> Prediction.
  """

  run: pathlib.Path
  class_names: tuple[str, ...]
  inputs: inputs.Inputs
  fitted: Mapping[str, np.ndarray]
  state: State
  predict_all: evaluate.PredictAllFn

  def __call__(self, x: Any) -> Classified:
    """Classifies any number of raw examples, `inputs['shape']` each.

    Args:
      x: uint8 images [n, h, w, c], numbers as they were before they were
        standardised [n, ...], or n texts.

    Returns:
      Probabilities `softmax(logits)` and features.

    Raises:
      UserError: they are none, or of another shape.
    """
    from scipy import special

    wanted, shape = self.inputs['shape'], np.shape(x)
    if self.inputs['kind'] == 'texts':
      wanted = []
    if not len(shape) or not shape[0] or list(shape[1:]) != wanted:
      raise UserError(
        f'{self.run} takes {self.inputs["kind"]} of shape'
        f' {["n", *wanted]}, not {list(shape)}.'
      )
    x = inputs.apply_fitted(self.inputs, self.fitted, x)
    prediction = self.predict_all(self.state, x)
    logits = prediction.logits.astype(np.float64)
    return Classified(special.softmax(logits, axis=1), prediction.features)


def load(run: str | pathlib.Path, which: str = 'selected') -> Predictor:
  """Loads the model of a run.

  Args:
    run: its folder.
    which: 'selected', the state that the run selected, 'last', that of its
      newest checkpoint, finished or not, or a validator, what that would have
      chosen, of a run with --keep_best.

  Raises:
    UserError: it is no folder of a run, unfinished while a selected state is
      asked for, has not kept it, or is of another version of this package.
  """
  run = pathlib.Path(run)
  config = _config(run)
  if which not in WHICH:
    raise UserError(f'--which={which}: choose from {", ".join(WHICH)}.')
  if runs.results_of(run) is None:
    if which != 'last':
      raise UserError(
        f'{run} is not finished: finish it by the same command, or take its'
        ' newest checkpoint with --which=last.'
      )
    logging.warning('%s is not finished: this is its newest checkpoint.', run)
  try:
    model = from_settings.classifier(
      config['flags'], len(config['class_names'])
    )
  except UserError as error:
    raise UserError(f'{run} cannot be used: {error}') from error
  taken, fitted = config['inputs'], runs.fitted_of(run)
  more = {}
  if config['images'] is not None:
    more['normalisation'] = normalisation.from_record(config['images'])
  _, prepare = inputs.transform(taken)(Augmentation(), **more)
  x = np.zeros((1, *inputs.fitted_shape(taken, fitted)), inputs.dtype(taken))
  template = jax.eval_shape(
    lambda: model.init(jax.random.key(0), prepare(x), train=False)
  )
  return Predictor(
    run,
    tuple(config['class_names']),
    taken,
    fitted,
    _state(run, which, template),
    evaluate.compile_predict(predictor(model), prepare),
  )


def _config(run: pathlib.Path) -> dict:
  config = config_of(run)
  if not config.get('inputs'):
    raise UserError(
      f'{run} does not say what the model takes: train again with this'
      ' version of da_jax.'
    )
  return config


def _state(run: pathlib.Path, which: str, template: Mapping) -> State:
  """The model's part of a state, on all devices."""
  variables = dict(template)
  params = variables.pop('params')
  wanted = {'params': {'model': params}, 'variables': {'model': variables}}
  arrays = arrays_of(run, which)
  found = checkpoint.fill(wanted, arrays, f'The model of {run}')
  step = jnp.asarray(arrays['step'])
  return parallel.replicate(State(step, **found, opt_state=()))
