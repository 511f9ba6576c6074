"""Finding the files of a dataset, or saying which are expected and where."""

from collections.abc import Callable, Iterable
import pathlib

from da_jax.errors import UserError


class NotFoundError(UserError):
  """The data are in none of the folders looked in."""


def locate(
  what: str,
  candidates: Iterable[pathlib.Path],
  holds: Callable[[pathlib.Path], bool],
  layout: str,
  url: str,
) -> pathlib.Path:
  """Returns the first folder that holds the data.

  Args:
    what: name of the data.
    candidates: folders to look in.
    holds: whether a folder has the files.
    layout: the files expected there, in words.
    url: where to get them.

  Raises:
    NotFoundError: none does.
  """
  candidates = list(candidates)
  for folder in candidates:
    if holds(folder):
      return folder
  looked = ', '.join(str(folder) for folder in candidates)
  raise NotFoundError(
    f'{what} was not found. Looked in: {looked}. Expected there: {layout}.'
    f' Get it from {url} and name the folder with --data_dir or $DA_JAX_DATA.'
  )
