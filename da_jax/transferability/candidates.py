"""Trained networks that a labelled target may start from, and what suits it."""

from collections.abc import Callable
import csv
import functools
import io
import pathlib
from typing import NamedTuple

import jax
import numpy as np

from da_jax import checkpoint, evaluate, files, parallel, types, weights
from da_jax.data.pair import DomainPair
from da_jax.errors import UserError
from da_jax.models import from_settings
from da_jax.transferability.h_score import h_score
from da_jax.transferability.leep import leep
from da_jax.transferability.logme import logme
from da_jax.transferability.nce import nce
from da_jax.weights import inspect, reading, trained

EXAMPLES = 5000


class Scores(NamedTuple):
  """Of a candidate; higher is better in all."""

  weights: str
  backbone: str
  logme: float
  h_score: float
  leep: float | None  # None without a classification layer
  nce: float | None


# Of variables alone: nothing of it is trained, so that there is no state.
ForwardFn = Callable[[types.PyTree, jax.Array], types.Prediction]


def scores(
  name: str, backbone: str, prediction: types.Prediction, y: np.ndarray
) -> Scores:
  """LogME, H-score, and of the classification layer LEEP and NCE.

  Args:
    name: of the weights.
    backbone: key of `models.BACKBONES`.
    prediction: features [n, d], and logits of the classes that the network was
      trained on [n, k], or [n, 0].
    y: int [n] target labels.
  """
  from scipy import special

  of_head = (None, None)
  if prediction.logits.shape[1]:
    p = special.softmax(prediction.logits.astype(np.float64), axis=1)
    of_head = leep(p, y), nce(np.argmax(p, axis=1), y)
  z = prediction.features
  return Scores(name, backbone, logme(z, y), h_score(z, y), *of_head)


def backbone_of(path: pathlib.Path) -> str:
  """The backbone that trained weights are of.

  Args:
    path: a file of weights, or the folder of a run.

  Returns:
    Key of `models.BACKBONES`.

  Raises:
    UserError: they cannot be read, or fit none.
  """
  if path.is_dir():
    return trained.config_of(path)['flags']['backbone']
  nearest, *_ = inspect.fits(reading.read(path))
  if nearest.misfits:
    raise UserError(
      f'{path} fits no backbone; nearest is {nearest.backbone}:'
      f' {nearest.misfits[0]}.'
    )
  return nearest.backbone


def predictions(path: pathlib.Path, pair: DomainPair) -> types.Prediction:
  """Features and logits of the labelled target examples, without training.

  Args:
    path: a file of weights, or the folder of a run.
    pair: the data; of more than 5000 examples of `target_train` the first ones
      of an order drawn at random are predicted, see `drawn`.

  Returns:
    Of `drawn(pair)`; logits [n, 0] where the file has no classification layer.

  Raises:
    UserError: the weights cannot be read, or the data are not of their kind.
  """
  make = _of_run if path.is_dir() else _of_file
  predict, variables = make(path, pair)
  predict = evaluate.compile_predict(predict, pair.prepare)
  x = pair.target_train.x[drawn(pair)]
  return predict(parallel.replicate(variables), x)


def drawn(pair: DomainPair) -> np.ndarray:
  """Rows of `target_train` that are predicted, at most 5000, in their order."""
  order = np.random.default_rng(0).permutation(len(pair.target_train.y))
  return np.sort(order[:EXAMPLES])


def to_csv(path: pathlib.Path, found: list[Scores]) -> None:
  """Writes a line a candidate; what a candidate has not is left empty."""
  text = io.StringIO()
  writer = csv.writer(text, lineterminator='\n')
  writer.writerow(Scores._fields)
  writer.writerows(found)
  with files.writing(path.parent):
    files.write_atomically(path, text.getvalue())


def _of_run(
  run: pathlib.Path, pair: DomainPair
) -> tuple[ForwardFn, types.PyTree]:
  found = trained.read(run)
  names = found.config['class_names']
  model = from_settings.classifier(found.config['flags'], len(names))
  predict = functools.partial(model.apply, train=False)
  named = checkpoint.named_leaves(found.variables)
  template = _template(model, pair, run)
  return predict, checkpoint.fill(template, named, f'The model of {run}')


def _of_file(
  path: pathlib.Path, pair: DomainPair
) -> tuple[ForwardFn, types.PyTree]:
  name = backbone_of(path)
  backbone = from_settings.backbone({'backbone': name, 'dtype': 'float32'})
  template = _template(backbone, pair, path)
  variables, head = weights.load(path, template, name)

  def predict(variables, x):
    z = backbone.apply(variables, x, train=False)
    logits = z[:, :0] if head is None else z @ head['kernel'] + head['bias']
    return types.Prediction(z, logits)

  return predict, variables


def _template(module, pair: DomainPair, path: pathlib.Path) -> types.PyTree:
  """Shapes of the variables of a module that takes these data."""
  x = pair.target_train.x[np.arange(1)]

  def init(x):
    return module.init(jax.random.key(0), pair.prepare(x), False)

  try:
    return jax.eval_shape(init, x)
  except (TypeError, ValueError) as error:
    raise UserError(
      f'{path} does not take the data of {pair.dataset}: inputs of shape'
      f' {x.shape[1:]}.'
    ) from error
