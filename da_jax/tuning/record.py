"""What a folder of many runs is about, so that only the same goes on in it."""

from collections.abc import Mapping
import json
import pathlib
from typing import Any

from da_jax import files
from da_jax.errors import UserError


def keep(path: pathlib.Path, facts: Mapping[str, Any]) -> None:
  """Writes facts, or compares them with those that are there.

  Of several that write at once the first one's stay, for all to compare with.

  Args:
    path: of a JSON file.
    facts: what JSON can hold.

  Raises:
    UserError: others are there, or they cannot be written.
  """
  facts = json.loads(json.dumps(facts))  # as they are read again
  if not path.exists():
    with files.writing(path.parent):
      path.parent.mkdir(parents=True, exist_ok=True)
      files.create_atomically(path, json.dumps(facts, indent=2) + '\n')
  earlier = read(path)
  names = sorted(earlier.keys() | facts.keys())
  differing = [
    f'{name}: {_words(earlier.get(name))} there, {_words(facts.get(name))} now'
    for name in names
    if earlier.get(name) != facts.get(name)
  ]
  if differing:
    raise UserError(
      f'{path.parent} was made otherwise ({"; ".join(differing)}): choose'
      ' another --workdir.'
    )


def read(path: pathlib.Path) -> dict[str, Any] | None:
  """The facts that are there, or None."""
  return json.loads(path.read_text()) if path.exists() else None


def _words(fact: Any) -> str:
  if isinstance(fact, list):
    return ' '.join(map(str, fact)) or 'nothing'
  return fact if isinstance(fact, str) else json.dumps(fact)
