"""Examples of equal content: within a domain, and where they leak."""

from collections.abc import Iterable
import itertools
from typing import NamedTuple


class Content(NamedTuple):
  """An example as far as copies are concerned."""

  digest: bytes
  name: str
  class_name: str


class Copies(NamedTuple):
  """Groups of examples of equal content."""

  where: str
  groups: tuple[tuple[Content, ...], ...]

  @property
  def conflicting(self) -> int:
    """Groups whose examples are labelled differently."""
    return sum(len({c.class_name for c in group}) > 1 for group in self.groups)


def within(where: str, contents: Iterable[Content]) -> Copies:
  """Contents that occur twice or more in a set."""
  groups = _by_digest(contents).values()
  return Copies(where, tuple(tuple(g) for g in groups if len(g) > 1))


def between(
  where: str, one: Iterable[Content], other: Iterable[Content]
) -> Copies:
  """Contents that occur in both sets; groups name those of `one` first."""
  one, other = _by_digest(one), _by_digest(other)
  groups = ((*one[d], *other[d]) for d in one if d in other)
  return Copies(where, tuple(groups))


def among(parts: dict[str, list[Content]]) -> list[Copies]:
  """Contents shared by any two parts, but for parts that are the same."""
  return [
    between(f'{a} and {b}', parts[a], parts[b])
    for a, b in itertools.combinations(parts, 2)
    if parts[a] != parts[b]
  ]


def _by_digest(contents: Iterable[Content]) -> dict[bytes, list[Content]]:
  groups = {}
  for content in contents:
    groups.setdefault(content.digest, []).append(content)
  return groups
