"""Where files are kept, and writing them whole or not at all."""

from collections.abc import Iterator, Mapping
import contextlib
import os
import pathlib
import platform
import re

import numpy as np

from da_jax.errors import UserError


def cache_folder() -> pathlib.Path:
  """Where derived data are kept: `$DA_JAX_CACHE`, else `~/.cache/da_jax`."""
  folder = os.environ.get('DA_JAX_CACHE') or '~/.cache/da_jax'
  return pathlib.Path(folder).expanduser()


@contextlib.contextmanager
def replacing(path: pathlib.Path):
  """Gives a temporary path next to `path` that replaces it on success.

  What is there afterwards is whole, also after a loss of power.
  """
  temporary = _beside(path)
  try:
    yield temporary
    _synchronise(temporary)
    temporary.replace(path)
    # Some network file systems do not know this of folders.
    with contextlib.suppress(OSError):
      _synchronise(path.parent)
  finally:
    temporary.unlink(missing_ok=True)


def write_atomically(path: pathlib.Path, text: str) -> None:
  """Writes a text file in one step."""
  with replacing(path) as temporary:
    temporary.write_text(text, encoding='utf-8')


def create_atomically(path: pathlib.Path, text: str) -> None:
  """Writes a text file in one step; the first writer's stays."""
  temporary = _beside(path)
  try:
    temporary.write_text(text, encoding='utf-8')
    _synchronise(temporary)
    try:
      os.link(temporary, path)
    except FileExistsError:
      pass
    except OSError:  # a file system without links cannot do better
      if not path.exists():
        temporary.replace(path)
  finally:
    temporary.unlink(missing_ok=True)


def save_arrays(path: pathlib.Path, arrays: Mapping[str, np.ndarray]) -> None:
  """Writes a compressed .npz of a run in one step.

  Raises:
    UserError: it cannot be written.
  """
  with (
    writing(path.parent),
    replacing(path) as temporary,
    temporary.open('wb') as file,
  ):
    np.savez_compressed(file, **arrays)


@contextlib.contextmanager
def writing(
  folder: pathlib.Path,
  errors: type[Exception] | tuple[type[Exception], ...] = OSError,
) -> Iterator[None]:
  """Turns failures to write to a run's folder into a sentence.

  Args:
    folder: what is written to.
    errors: what such failures are.

  Raises:
    UserError: there was one.
  """
  try:
    yield
  except UserError:
    raise
  except errors as error:
    raise UserError(
      f'{folder} cannot be written: {reason(error)}. Checkpoints that were'
      ' finished are intact: mend it, and the same command goes on.'
    ) from error


def system_error(error: BaseException) -> int | None:
  """The system's number of a failure, also where a library wraps it."""
  if isinstance(error, OSError) and error.errno:
    return error.errno
  # Of TensorStore, and of safetensors.
  code = re.search(r"os_error_code='(\d+)'|\(os error (\d+)\)", str(error))
  return code and int(code[1] or code[2])


def reason(error: BaseException) -> str:
  """What went wrong, in a line, also where a library wraps the system."""
  if isinstance(error, OSError) and error.strerror:
    return error.strerror
  if number := system_error(error):
    return os.strerror(number)
  lines = str(error).splitlines() or [type(error).__name__]
  return lines[0][:200]


def _beside(path: pathlib.Path) -> pathlib.Path:
  """Where a file is made before it gets its name."""
  # Machines that share a folder may share numbers of processes, too.
  maker = f'{platform.node()}.{os.getpid()}'
  return path.with_name(f'.{path.name}.{maker}.tmp')


def _synchronise(path: pathlib.Path) -> None:
  """Waits until a file, or the names in a folder, are on the disk."""
  descriptor = os.open(path, os.O_RDONLY)
  try:
    os.fsync(descriptor)
  finally:
    os.close(descriptor)
