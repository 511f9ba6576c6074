"""Published datasets of arrays, read whole from the files they come in.

TFDS can prepare them like others, but nothing reads what it makes of them: it
takes longer to decode its records than to read the original files.
"""

from collections.abc import Callable, Sequence
import dataclasses
import pathlib

import numpy as np

from da_jax.data.obtain.locate import NotFoundError
from da_jax.data.pair import Domain, Examples
from da_jax.data.published.record import (
  Published,
  Records,
  RecordsFn,
  check_count,
)

# (data_dir, domain) -> the files of the domain, or NotFoundError.
FilesFn = Callable[[pathlib.Path, str], Sequence[pathlib.Path]]
# (data_dir, domain) -> split ('all', or 'train' and 'test') -> its examples.
ReadFn = Callable[[pathlib.Path, str], dict[str, Examples]]


def domain(
  published: Published, read: ReadFn, data_dir: pathlib.Path, name: str
) -> Domain:
  """Reads a domain into memory.

  Args:
    published: the dataset.
    read: reads the splits of a domain.
    data_dir: folder to look in.
    name: of the domain.

  Returns:
    The domain; numbers of examples other than published are only logged.

  Raises:
    UserError: files are missing or damaged.
  """
  splits = read(data_dir, name)
  for split, examples in splits.items():
    check_count(published, data_dir, name, split, len(examples.y))
  whole = Examples(*map(np.concatenate, zip(*splits.values(), strict=True)))
  test_from = len(splits['train'].y) if 'test' in splits else None
  return Domain(name, published.class_names, whole, test_from)


def array_records(files: FilesFn, read: ReadFn) -> RecordsFn:
  """Gives the examples of a domain as records.

  Args:
    files: finds the files of a domain.
    read: reads them.

  Returns:
    Records function. Names are `<split>/<number>`.
  """

  def records(root: pathlib.Path, name: str) -> dict[str, Records]:
    try:
      sources = files(root, name)
    except NotFoundError:
      return {}
    return {
      split: Records(
        [f'{split}/{index}' for index in range(len(examples.y))],
        examples.y,
        _Example(examples.x),
        sources,
      )
      for split, examples in read(root, name).items()
    }

  return records


@dataclasses.dataclass(frozen=True)
class _Example:
  """Reads one example; grey images lose the axis of channels."""

  x: np.ndarray

  def __call__(self, index: int) -> np.ndarray:
    example = self.x[index]
    grey = example.ndim == 3 and example.shape[2] == 1
    return example[..., 0] if grey else example
