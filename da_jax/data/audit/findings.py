"""What a check finds in a task: facts, and why training would be refused.

Nothing is trained. Labels of the target are read only to describe the data.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from da_jax import parallel
from da_jax.data import order, protocols
from da_jax.data.audit import copies, shift
from da_jax.data.audit import counts as audit
from da_jax.data.pair import Domain, DomainPair, Task
from da_jax.errors import UserError

SHIFT_EXAMPLES = 2000  # of each domain


class Facts(NamedTuple):
  """A domain, described."""

  domain: Domain
  counts: audit.Counts
  scan: audit.Scan
  shape: tuple[int, ...]  # of an example
  sizes: np.ndarray  # int64 [m, 2] original widths and heights of files
  contents: dict[int, copies.Content]  # by row


class Findings(NamedTuple):
  """All that a check has to say but for advice."""

  dataset: str
  facts: tuple[Facts, Facts]  # of source and target
  pair: DomainPair | None  # None: the protocol refuses the domains
  copies: tuple[copies.Copies, ...]  # within source, target, between them
  leaks: tuple[copies.Copies, ...]  # between parts; none without a pair
  shift: shift.Shift | None  # None: too few examples
  label_shift: float | None  # total variation of the training labels
  refusals: tuple[str, ...]  # why training would be refused


def examine(
  task: Task, protocol: protocols.Protocol, batch_size: int
) -> Findings:
  """Looks at everything that training would meet.

  Args:
    task: the domains.
    protocol: what is to be drawn.
    batch_size: of each domain in training.
  """
  facts = _facts(task.source), _facts(task.target)
  refusals = list(refusal(lambda: parallel.check_batch_size(batch_size)))
  pair = None
  try:
    pair = protocols.draw(task, protocol)
    refusals += _small_parts(pair, batch_size)
  except UserError as error:
    refusals.append(str(error))
  return Findings(
    task.dataset,
    facts,
    pair,
    tuple(_copies(facts)),
    tuple(_leaks(pair, facts) if pair else ()),
    _shift(pair, facts) if pair else None,
    _label_shift(pair) if pair else None,
    tuple(refusals),
  )


def refusal(function: Callable[[], object]) -> Iterator[str]:
  """The sentence with which a function refuses, if it does."""
  try:
    function()
  except UserError as error:
    yield str(error)


def _facts(domain: Domain) -> Facts:
  x, y = domain.examples
  scan = audit.scan(x)
  return Facts(
    domain,
    audit.count(y, domain.class_names),
    scan,
    x[np.arange(1)].shape[1:],
    np.empty((0, 2), np.int64)
    if domain.files is None
    else audit.original_sizes(domain.files),
    {
      row: copies.Content(
        digest, _name(domain, row), domain.class_names[y[row]]
      )
      for row, digest in zip(scan.rows.tolist(), scan.digests, strict=True)
    },
  )


def _name(domain: Domain, row: int) -> str:
  name = domain.names[row] if len(domain.names) else f'row {row}'
  inside = name.startswith(f'{domain.name}/')
  return name if inside else f'{domain.name}: {name}'


def _small_parts(pair: DomainPair, batch_size: int) -> Iterator[str]:
  for domain, part in (
    (pair.source, pair.source_train),
    (pair.target, pair.target_train),
  ):
    count = len(part.y)
    if count < 2:
      yield (
        f'{domain} has {count} example{"s" * (count != 1)} to train, but a'
        ' distribution cannot be adapted to with fewer than two: add some.'
      )
    else:
      yield from refusal(
        lambda n=count, d=domain: order.batch_indices(n, batch_size, 0, 0, 0, d)
      )
  if not len(pair.target_test.y):
    yield f'{pair.target} has no example to test: add some.'


def _copies(facts) -> Iterator[copies.Copies]:
  names = [of.domain.name for of in facts]
  contents = [of.contents.values() for of in facts]
  for name, of in zip(names, contents, strict=True):
    yield copies.within(f'within {name}', of)
  yield copies.between(' and '.join(names), *contents)


def _leaks(pair: DomainPair, facts) -> list[copies.Copies]:
  parts = {}
  for part, rows in pair.split.items():
    contents = facts[part.startswith('target')].contents
    parts[part] = [contents[row] for row in rows.tolist() if row in contents]
  return copies.among(parts)


def _shift(pair: DomainPair, facts) -> shift.Shift | None:
  parts = [pair.split['source_train'], pair.split['target_train']]
  if min(map(len, parts)) < 4:  # halves of two
    return None
  return shift.measure(
    *(
      of.domain.examples.x[audit.draw(rows, SHIFT_EXAMPLES)]
      for of, rows in zip(facts, parts, strict=True)
    )
  )


def _label_shift(pair: DomainPair) -> float | None:
  y_s, y_t = pair.source_train.y, pair.target_train.y
  if not len(y_s) or not len(y_t):
    return None
  return shift.total_variation(y_s, y_t, len(pair.class_names))
