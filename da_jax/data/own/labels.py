"""Labels as a file of the user's has them, as class names and indices."""

import re

import numpy as np

from da_jax.errors import UserError

_WHOLE = re.compile(r'[+-]?[0-9]+')
_NUMBER = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?')


def encode(
  values: np.ndarray, rows: np.ndarray, where: str
) -> tuple[tuple[str, ...], np.ndarray]:
  """Gives labels the names of their classes.

  Whole numbers are named as integers whatever their type, `2.0` as '2'.

  Args:
    values: [n] numbers or strings.
    rows: [n] what the file calls these rows.
    where: the file, and its column if it has some.

  Returns:
    The class names, whole numbers in their order and other names sorted, and
    int32 [n] indices into them.

  Raises:
    UserError: a label is missing or a fraction, the labels are not one a row
      or all of one class, or of another type.
  """
  values = np.asarray(values)
  if values.ndim != 1:
    raise UserError(
      f'{where} has labels of shape {values.shape}, but one a row is wanted:'
      ' y.argmax(axis=1) of one-hot rows, y[:, 0] of a single column.'
    )
  if len(values) < 2:
    raise UserError(f'{where} has {len(values)} rows: two or more are needed.')
  if values.dtype.kind not in 'biufU':
    raise UserError(
      f'{where} has labels of type {values.dtype}: store whole numbers or'
      ' strings.'
    )
  distinct, inverse = np.unique(values, return_inverse=True)
  for index, value in enumerate(distinct):
    if str(value).lower() in ('', 'nan'):
      row = rows[np.argmax(inverse == index)]
      raise UserError(f'{where} has no label in row {row}.')
  names = _names(distinct, where)
  class_names = _sorted(set(names))
  if len(class_names) < 2:
    raise UserError(
      f'{where} has labels of the class {class_names[0]} alone: two or more'
      ' classes are needed.'
    )
  places = {name: place for place, name in enumerate(class_names)}
  y = np.array([places[name] for name in names], np.int32)[inverse]
  return class_names, y


def _names(distinct: np.ndarray, where: str) -> list[str]:
  if distinct.dtype.kind in 'biu':
    return [str(int(value)) for value in distinct]
  names = [str(value) for value in distinct]
  numbers = all(_NUMBER.fullmatch(name) for name in names)
  if distinct.dtype.kind == 'U' and (
    not numbers or all(_WHOLE.fullmatch(name) for name in names)
  ):
    return names
  for name in names:
    if not float(name).is_integer():
      raise UserError(
        f'{where} has the label {name}, which is no whole number: classes are'
        ' wanted, not quantities.'
      )
  return [str(int(float(name))) for name in names]


def _sorted(names: set[str]) -> tuple[str, ...]:
  if all(_WHOLE.fullmatch(name) for name in names):
    return tuple(sorted(names, key=lambda name: (int(name), name)))
  return tuple(sorted(names))
