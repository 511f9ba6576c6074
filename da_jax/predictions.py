"""What a trained model says of files or of the rows of a table, as CSV."""

from collections.abc import Iterator, Mapping, Sequence
import csv
import io
import itertools
import os
import pathlib
from typing import NamedTuple

import numpy as np

from da_jax import evaluate, files
from da_jax.data.files import images, trees
from da_jax.data.own import unlabelled
from da_jax.errors import UserError
from da_jax.predictor import Predictor

PICTURES = 400  # that are kept: a page of them stays below 15 MB
_CHUNK = 4 * evaluate.BATCH_SIZE  # images in memory at once


class Predictions(NamedTuple):
  """Predictions of n examples, in order."""

  kind: str  # 'file' or 'row'
  names: Sequence[str]  # paths of the files or numbers of the rows
  class_names: tuple[str, ...]
  probabilities: np.ndarray  # float64 [n, k], NaN where a file is broken
  broken: Mapping[int, str] = {}  # what is wrong with files
  pictures: Sequence[np.ndarray] = ()  # uint8 of the first that are not

  def best(self, index: int) -> tuple[str, float]:
    """The class with the highest probability, and that."""
    place = int(np.argmax(self.probabilities[index]))
    return self.class_names[place], float(self.probabilities[index, place])


def image_paths(given: Sequence[str | pathlib.Path]) -> list[pathlib.Path]:
  """The images that files and folders stand for, each once.

  Args:
    given: paths of files, in their order, and folders with all below them.

  Raises:
    UserError: one does not exist, or is a folder without images.
  """
  found = {}
  for path in map(pathlib.Path, given):
    if not path.exists():
      raise UserError(f'there is no file or folder {path}.')
    found |= dict.fromkeys(trees.below(path) if path.is_dir() else [path])
  return list(found)


def of_images(model: Predictor, paths: Sequence[pathlib.Path]) -> Predictions:
  """Classifies image files, and remembers those that cannot be read.

  Args:
    model: of a run on images.
    paths: of the files.

  Raises:
    UserError: the run is of another kind, or no file can be read.
  """
  _check_kind(model, 'table', images=True)
  decoded = _decoded(model, paths)
  names, broken, pictures = [str(path) for path in paths], {}, []
  parts, row = [], 0
  while chunk := list(itertools.islice(decoded, _CHUNK)):
    part = np.full((len(chunk), len(model.class_names)), np.nan)
    good = [i for i, image in enumerate(chunk) if not isinstance(image, str)]
    for i, image in enumerate(chunk):
      if isinstance(image, str):
        broken[row + i] = image
    if good:
      x = np.stack([chunk[i] for i in good])
      part[good] = model(x).probabilities
      pictures.extend(x[: PICTURES - len(pictures)])
    parts.append(part)
    row += len(chunk)
  if len(broken) == len(names):
    said = images.listed({names[row]: why for row, why in broken.items()})
    raise UserError(f'there is nothing to predict: {said}.')
  return Predictions(
    'file', names, model.class_names, np.concatenate(parts), broken, pictures
  )


def of_table(model: Predictor, path: pathlib.Path) -> Predictions:
  """Classifies the rows of a file, see `unlabelled.read`.

  Raises:
    UserError: the run is of images, or the file is not what it takes.
  """
  _check_kind(model, 'images', images=False)
  rows, x = unlabelled.read(path, model.inputs)
  names = [str(row) for row in rows]
  return Predictions('row', names, model.class_names, model(x).probabilities)


def write_csv(path: pathlib.Path, predictions: Predictions) -> None:
  """Writes a line an example.

  The columns are `file` or `row`, `class`, `probability`, `p(<class>)` for
  every class and, for files, `error`: where it says something, all others but
  the first are empty.

  Args:
    path: of the file; what is there is replaced.
    predictions: what to write.
  """
  stream = io.StringIO()
  writer = csv.writer(stream, lineterminator='\n')
  has_errors = predictions.kind == 'file'
  each = [f'p({name})' for name in predictions.class_names]
  header = [predictions.kind, 'class', 'probability', *each]
  writer.writerow([*header, 'error'] if has_errors else header)
  for index, name in enumerate(predictions.names):
    # A file's name may be bytes that are no UTF-8.
    name = os.fsencode(name).decode(errors='replace')
    error = predictions.broken.get(index)
    values = [''] * (len(header) - 1)
    if error is None:
      best, probability = predictions.best(index)
      values = [best, probability, *predictions.probabilities[index].tolist()]
    line = [name, *values]
    writer.writerow([*line, error] if has_errors else line)
  files.write_atomically(path, stream.getvalue())


def _check_kind(model: Predictor, flag: str, *, images: bool) -> None:
  kind = model.inputs['kind']
  if (kind == 'images') != images:
    raise UserError(
      f'{model.run} was trained on {kind}: name some by --{flag}.'
    )


def _decoded(
  model: Predictor, paths: Sequence[pathlib.Path]
) -> Iterator[np.ndarray | str]:
  """Images as the run takes them, or what is wrong with the file."""
  side, _, channels = model.inputs['shape']
  read = images.Paths(tuple(paths))
  stored = images.ImageFiles(read, np.arange(len(paths)), size=side)
  for image in images.each(stored):
    grey = channels == 1 and not isinstance(image, str)
    yield _grey(image) if grey else image


def _grey(image: np.ndarray) -> np.ndarray:
  """RGB to grey [h, w, 1]; what was grey keeps its levels."""
  from PIL import Image

  return np.asarray(Image.fromarray(image).convert('L'))[..., None]
