"""What a check of data found, as tables of words for terminal and page."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from da_jax.data.audit import advice
from da_jax.data.audit import counts as audit
from da_jax.data.audit.findings import Facts, Findings

_CHANNELS = 4  # up to which each has its range


class Table(NamedTuple):
  """Rows of strings; the first column says what they are of."""

  title: str
  columns: tuple[str, ...]
  rows: list[tuple[str, ...]]


def tables(findings: Findings) -> Iterator[Table]:
  """All tables of a check, those of the parts where they could be drawn."""
  yield _domains(findings)
  yield _classes(findings)
  if findings.pair:
    yield _parts(findings)
  yield _copies(findings)
  yield _shift(findings)


def class_names(findings: Findings) -> list[str]:
  """Names of the classes of either domain, the source's first."""
  source, target = (facts.counts.names for facts in findings.facts)
  return [*source, *(name for name in target if name not in source)]


def _domains(findings: Findings) -> Table:
  facts = findings.facts
  columns = zip(*(_facts(of) for of in facts), strict=True)
  rows = [(cells[0][0], *(text for _, text in cells)) for cells in columns]
  roles = ('source', 'target')
  names = (
    f'{role}: {of.domain.name}' for role, of in zip(roles, facts, strict=True)
  )
  return Table('Domains', ('', *names), rows)


def _facts(facts: Facts) -> Iterator[tuple[str, str]]:
  domain, counts = facts.domain, facts.counts
  total, border = len(domain.examples.y), domain.test_from
  split = 'none' if border is None else f'{border} train, {total - border} test'
  present = [number for number in counts.counts if number]
  ranges = facts.scan.ranges
  yield 'examples', str(total)
  yield 'published split', split
  yield 'broken files', str(len(domain.broken))
  yield 'classes', f'{len(present)} of {len(counts.names)}'
  yield (
    'smallest to largest class',
    f'{min(present)} to {max(present)} ({counts.imbalance:.1f} times)',
  )
  yield 'an example', ' x '.join(map(str, facts.shape))
  yield 'sizes of files', _sizes(facts.sizes)
  yield 'values, min / mean / max', _ranges(ranges)
  yield 'values not finite', str(ranges.missing)


def _sizes(sizes: np.ndarray) -> str:
  """The smallest, the median and the largest by area."""
  if not len(sizes):
    return '–'
  chosen = sizes[[0, len(sizes) // 2, -1]]
  return ' / '.join(f'{width} x {height}' for width, height in chosen)


def _ranges(ranges: audit.Ranges) -> str:
  with np.errstate(invalid='ignore'):
    mean = np.sum(ranges.total) / np.sum(ranges.finite)
  if len(ranges.low) > _CHANNELS:
    low, high = np.min(ranges.low), np.max(ranges.high)
    return f'{low:.4g} / {mean:.4g} / {high:.4g} of {len(ranges.low)} features'
  return '; '.join(
    f'{low:.4g} / {mean:.4g} / {high:.4g}'
    for low, mean, high in zip(
      ranges.low, ranges.mean, ranges.high, strict=True
    )
  )


def _classes(findings: Findings) -> Table:
  by_name = [
    dict(zip(facts.counts.names, facts.counts.counts, strict=True))
    for facts in findings.facts
  ]
  names = (facts.domain.name for facts in findings.facts)
  rows = [
    (name, *(str(counts.get(name, '–')) for counts in by_name))
    for name in class_names(findings)
  ]
  return Table('Examples by class', ('class', *names), rows)


def _parts(findings: Findings) -> Table:
  pair, rows = findings.pair, []
  for part in pair.split:
    counts = audit.count(getattr(pair, part).y, pair.class_names).counts
    present = [number for number in counts if number]
    smallest = str(min(present)) if present else '–'
    rows.append((part, str(sum(counts)), str(len(present)), smallest))
  columns = ('part', 'examples', 'classes', 'smallest class')
  return Table(f'Parts ({pair.protocol})', columns, rows)


def _copies(findings: Findings) -> Table:
  rows = [
    (
      found.where,
      str(len(found.groups)),
      str(found.conflicting),
      advice.named(found.groups[0]) if found.groups else '–',
    )
    for found in (*findings.copies, *findings.leaks)
  ]
  columns = ('where', 'contents', 'labels differ', 'for example')
  return Table('Equal contents', columns, rows)


def _shift(findings: Findings) -> Table:
  rows, shift = [], findings.shift
  if shift:
    for name, value, none in (
      ('proxy A-distance (0 to 2)', shift.a_distance, shift.a_distance_none),
      ('squared MMD', shift.mmd, shift.mmd_none),
    ):
      rows.append((name, _rounded(value), _rounded(none)))
  if findings.label_shift is not None:
    labels = _rounded(findings.label_shift)
    rows.append(('total variation of labels (0 to 1)', labels, '–'))
  columns = ('distance', 'source to target', 'random halves of the source')
  return Table('Shift of the training parts', columns, rows)


def _rounded(value: float) -> str:
  # + 0.0 turns -0.0 into 0.0.
  return f'{round(value, 3) + 0.0:.3f}'
