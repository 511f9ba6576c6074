"""What a model takes, in words that a run keeps to predict on new examples.

Inputs are a mapping of JSON values: 'kind' is 'images', 'rows', 'series' or
'texts'; 'shape' is that of one example as the model's preparation takes it;
'transform' and 'options' are a function of `transforms` and its arguments;
'fit' is what `Task.fit` learns, if it learns something.
"""

from collections.abc import Callable, Mapping, Sequence
import functools
from typing import Any

import jax
import numpy as np

from da_jax.data import transforms
from da_jax.data.augment import Augmentation
from da_jax.data.normalisation import Normalisation
from da_jax.data.own import standardise, words
from da_jax.data.published import zscore
from da_jax.data.transforms import Augment, Prepare

Inputs = Mapping[str, Any]

_TRANSFORMS = {
  'rows': transforms.rows,
  'ids': transforms.ids,
  'logarithms': transforms.logarithms,
  'small': transforms.small,
  'standard': transforms.standard,
}


def small_images(size: int, channels: int = 3) -> Inputs:
  """Images that the model sees whole, uint8 [size, size, channels]."""
  return _inputs('images', (size, size, channels), 'small')


def standard_images(image_size: int) -> Inputs:
  """RGB images that the model sees the centre of, `image_size` wide."""
  stored = transforms.stored_size(image_size)
  options = {'image_size': image_size}
  return _inputs('images', (stored, stored, 3), 'standard', options)


def rows(
  width: int, *, transform: str = 'rows', fit: str | None = None, **more: Any
) -> Inputs:
  """Rows of numbers.

  Args:
    width: of a row.
    transform: 'rows' or 'logarithms'.
    fit: 'standardise', 'zscore' or None.
    **more: 'columns', their names or None; 'ignored', names of those that are
      no features; 'missing', see `standardise.fit`.
  """
  return _inputs('rows', (width,), transform, fit=fit, **more)


def series(steps: int, channels: int, *, missing: str) -> Inputs:
  """Series of numbers, to be standardised."""
  shape = (steps, channels)
  return _inputs('series', shape, 'rows', fit='standardise', missing=missing)


def texts(text_as: str, text_column: str, length: int) -> Inputs:
  """Texts.

  Args:
    text_as: 'tfidf', 'hashed' or 'tokens'.
    text_column: of tables.
    length: words of a sequence of tokens.
  """
  shape = {'tokens': (length,), 'hashed': (words.BUCKETS,)}.get(text_as)
  transform = 'ids' if text_as == 'tokens' else 'rows'
  return _inputs('texts', shape, transform, fit=text_as, column=text_column)


def _inputs(kind, shape, transform, options=None, **more) -> Inputs:
  return {
    'kind': kind,
    'shape': shape and [int(side) for side in shape],
    'transform': transform,
    'options': options or {},
    **more,
  }


def transform(inputs: Inputs) -> Callable[..., tuple[Augment, Prepare]]:
  """What becomes of examples on the device, as `Task.transform`."""
  make = functools.partial(
    _TRANSFORMS[inputs['transform']], **inputs['options']
  )
  return lambda augmentation, **more: make(augmentation=augmentation, **more)


def preparation(inputs: Inputs, normalisation: Normalisation) -> Prepare:
  """What becomes of images that a model evaluates."""
  make = transform(inputs)
  return make(Augmentation(), normalisation=normalisation)[1]


def image_record(inputs: Inputs, normalisation: Normalisation) -> dict:
  """Shape and normalisation of the images that the network itself takes."""
  stored = jax.ShapeDtypeStruct((1, *inputs['shape']), np.uint8)
  height, width = jax.eval_shape(
    preparation(inputs, normalisation), stored
  ).shape[1:3]
  shape = [height, width, inputs['shape'][-1]]
  return {'shape': shape, **normalisation._asdict()}


def fitted_shape(
  inputs: Inputs, fitted: Mapping[str, np.ndarray]
) -> tuple[int, ...]:
  """The shape of one example, with what was learnt from training ones."""
  if inputs['shape'] is None:
    return (len(fitted['idf']),)
  return tuple(inputs['shape'])


def dtype(inputs: Inputs) -> type:
  """The type of examples as the model's preparation takes them."""
  types = {'images': np.uint8, 'ids': np.int32}
  return types.get(inputs['kind']) or types.get(inputs['transform'], np.float32)


def apply_fitted(
  inputs: Inputs, fitted: Mapping[str, np.ndarray], x: Any
) -> Any:
  """Does to new examples of the target what `Task.fit` did to its parts.

  Args:
    inputs: of the task.
    fitted: of the pair.
    x: numbers [n, ...] or n texts.

  Returns:
    As `Examples.x`.

  Raises:
    UserError: a number is beyond float32.
  """
  match inputs.get('fit'):
    case 'standardise':
      return standardise.apply(fitted, x, columns(inputs))
    case 'zscore':
      return zscore.apply(fitted, x)
    case 'tfidf':
      return words.apply_tfidf(fitted, x)
    case 'hashed':
      return words.hashed(x)
    case 'tokens':
      return words.tokens(x, inputs['shape'][0])
  return x


def columns(inputs: Inputs) -> Sequence[str]:
  """What errors call the columns of rows or the channels of series."""
  name = 'channel' if inputs['kind'] == 'series' else 'column'
  names = inputs.get('columns') or range(inputs['shape'][-1])
  return [f'{name} {column}' for column in names]
