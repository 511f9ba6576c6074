"""What to mind before training on data that training would take."""

from collections.abc import Iterator, Sequence

import numpy as np

from da_jax.data.audit import copies
from da_jax.data.audit import counts as audit
from da_jax.data.audit.findings import Facts, Findings
from da_jax.data.protocols import Protocol

IMBALANCE = 20.0  # largest / smallest class above which is warned
MAGNITUDE = 50.0  # ratio of the spreads of the domains' values, likewise
_NAMED = 3  # what a sentence names of many


def warnings(findings: Findings, protocol: Protocol) -> Iterator[str]:
  """Sentences, each of which names the culprit.

  Args:
    findings: what was found.
    protocol: what was to be drawn.
  """
  for facts in findings.facts:
    yield from _of_domain(facts)
  yield from _of_ranges(*findings.facts)
  if findings.pair:
    yield from _of_parts(findings.pair, protocol)
  *within, between = findings.copies
  # What the parts share says more than what their domains do.
  for found in (*within, *(findings.leaks or [between])):
    if found.groups:
      yield _of_copies(found)


def notes(findings: Findings) -> Iterator[str]:
  """What the numbers rest on."""
  yield 'Labels of the target are read here only to describe the data.'
  for facts in findings.facts:
    read, there = len(facts.scan.rows), len(facts.domain.examples.y)
    if read < there:
      yield (
        f'{read} of {there} examples of {facts.domain.name} were drawn and'
        ' read: copies among the others are not seen.'
      )
  if findings.shift:
    sizes = ' source and '.join(map(str, findings.shift.sizes))
    yield f'The shift is measured on {sizes} target training examples.'


def listed(names: Sequence[str], separator: str = ', ') -> str:
  """The first few names and how many more there are."""
  first = separator.join(names[:_NAMED])
  more = len(names) - _NAMED
  return f'{first} and {more} more' if more > 0 else first


def named(group: Sequence[copies.Content]) -> str:
  """Examples of equal content, the first few."""
  return ' = '.join(content.name for content in group[:_NAMED])


def _of_domain(facts: Facts) -> Iterator[str]:
  name, counts = facts.domain.name, facts.counts
  if facts.domain.broken:
    broken = [f'{file} ({why})' for file, why in facts.domain.broken.items()]
    yield f'{name}: {len(broken)} broken, here left out: {listed(broken)}.'
  if counts.imbalance > IMBALANCE:
    yield (
      f'{name}: the largest class has {counts.imbalance:.0f} times the'
      ' examples of the smallest.'
    )
  empty = [n for n, c in zip(counts.names, counts.counts, strict=True) if not c]
  if empty:
    yield f'{name} has no example of {listed(empty)}.'


def _of_ranges(source: Facts, target: Facts) -> Iterator[str]:
  a, b = source.scan.ranges, target.scan.ranges
  example = source.domain.examples.x[np.arange(1)]
  words = audit.is_tokens(example) or example.dtype == object
  if words or len(a.low) != len(b.low):
    return
  channel, factor = audit.magnitude_gap(a, b)
  if factor >= MAGNITUDE:
    spans = [
      f'{f.scan.ranges.low[channel]:.4g} to {f.scan.ranges.high[channel]:.4g}'
      f' in {f.domain.name}'
      for f in (source, target)
    ]
    yield (
      'the values of the domains differ by orders of magnitude: channel'
      f' {channel} goes from {" and from ".join(spans)}; bring both to one'
      ' unit.'
    )


def _of_parts(pair, protocol: Protocol) -> Iterator[str]:
  for part in pair.split:
    wanted = pair.class_names
    if part.startswith('target') and protocol.target_classes:
      wanted = protocol.target_classes
    counts = audit.count(getattr(pair, part).y, pair.class_names)
    absent = [
      name
      for name, number in zip(counts.names, counts.counts, strict=True)
      if not number and name in wanted
    ]
    if absent:
      yield f'{part} has no example of {listed(absent)}.'
    x = getattr(pair, part).x
    floats = isinstance(x, np.ndarray) and x.dtype.kind == 'f'
    if floats and not np.isfinite(x).all():
      yield f'{part} has values that are not finite: neither is the loss then.'


def _of_copies(found: copies.Copies) -> str:
  number = f'{len(found.groups)} content{"s" * (len(found.groups) > 1)}'
  groups = listed([named(group) for group in found.groups], '; ')
  text = f'{found.where}: {number} more than once ({groups})'
  if found.conflicting:
    text += f', {found.conflicting} of them under different labels'
  return f'{text}.'
