"""Recognising labels that are shifted or mixed up by how many each has."""

from collections.abc import Sequence
import pathlib

import numpy as np

from da_jax.errors import UserError


def check(
  where: pathlib.Path | str, y: np.ndarray, published: Sequence[int]
) -> None:
  """Compares a complete set's labels with the published numbers of examples.

  A shift by one leaves every image in a class of its own and training
  unharmed; only the accuracy across domains is near zero.

  Args:
    where: file to name.
    y: [n] labels from 0; subsets, where n is not the published sum, pass.
    published: examples of each class.

  Raises:
    UserError: the numbers differ.
  """
  if len(y) != sum(published):
    return
  counts = np.bincount(y, minlength=len(published)).tolist()
  if counts == list(published):
    return
  shift = [
    s
    for s in range(1, len(published))
    if np.roll(counts, -s).tolist() == list(published)
  ]
  what = f'shifted by {shift[0]}' if shift else 'not the published ones'
  raise UserError(
    f'{where}: the labels are {what}: the classes have {_list(counts)} examples'
    f' instead of {_list(published)}. Get the file again.'
  )


def _list(counts: Sequence[int]) -> str:
  return ', '.join(map(str, counts))
