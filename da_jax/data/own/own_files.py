"""Files of the user's own: found, told apart and read as text."""

from collections.abc import Sequence
import pathlib

from da_jax.errors import UserError


def find(
  data_dir: pathlib.Path, name: str, suffixes: Sequence[str]
) -> pathlib.Path:
  """Returns the file of a name in a folder, or of a path.

  Args:
    data_dir: folder to look in first.
    name: of the file, or its path.
    suffixes: what its name may end with, in lower case.

  Raises:
    UserError: it is absent, or its name ends otherwise.
  """
  candidates = dict.fromkeys((data_dir / name, pathlib.Path(name).expanduser()))
  for path in candidates:
    if path.is_file():
      check_suffix(path, suffixes)
      return path
  if data_dir.is_file():
    raise UserError(
      f'--data_dir={data_dir} is a file, with no {name} in it: name the folder'
      ' of the files, or say which column of a table tells the domains with'
      ' --domain_column.'
    )
  looked = ' or '.join(str(path) for path in candidates)
  raise UserError(
    f'there is no file {looked}: name one in --data_dir, or give its path.'
  )


def find_two(
  data_dir: pathlib.Path, source: str, target: str, suffixes: Sequence[str]
) -> tuple[pathlib.Path, pathlib.Path]:
  """Returns the files of two domains.

  Raises:
    UserError: see `find`, or they are the same file.
  """
  paths = tuple(find(data_dir, name, suffixes) for name in (source, target))
  if paths[0].samefile(paths[1]):
    raise UserError(f'source and target are the same file, {paths[0]}.')
  return paths


def check_suffix(path: pathlib.Path, suffixes: Sequence[str]) -> None:
  """Raises a UserError where the name of a file ends with none of them."""
  if path.suffix.lower() not in suffixes:
    raise UserError(
      f'{path} ends with {path.suffix or "no suffix"!r}: choose a file of'
      f' {", ".join(suffixes)}.'
    )


def read_bytes(path: pathlib.Path) -> bytes:
  """Reads a text file as UTF-8 bytes.

  Raises:
    UserError: it is empty or in another encoding.
  """
  data = path.read_bytes()
  if not data.strip():
    raise UserError(f'{path} is empty.')
  try:
    data.decode()
  except UnicodeDecodeError as error:
    raise UserError(
      f'{path} is not UTF-8 at byte {error.start}'
      f' (0x{data[error.start]:02x}): convert it to UTF-8.'
    ) from error
  return data
