"""Writing files so that a reader sees the old or the new one, never a part."""

import contextlib
import os
import pathlib


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
