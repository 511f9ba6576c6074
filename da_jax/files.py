"""Where files are kept, and writing them whole or not at all."""

import contextlib
import os
import pathlib


def cache_folder() -> pathlib.Path:
  """Where derived data are kept: `$DA_JAX_CACHE`, else `~/.cache/da_jax`."""
  folder = os.environ.get('DA_JAX_CACHE') or '~/.cache/da_jax'
  return pathlib.Path(folder).expanduser()


@contextlib.contextmanager
def replacing(path: pathlib.Path):
  """Gives a temporary path next to `path` that replaces it on success."""
  temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
  try:
    yield temporary
    temporary.replace(path)
  finally:
    temporary.unlink(missing_ok=True)


def write_atomically(path: pathlib.Path, text: str) -> None:
  """Writes a text file in one step."""
  with replacing(path) as temporary:
    temporary.write_text(text, encoding='utf-8')
