"""One self-contained HTML page of what a check of data found."""

from collections.abc import Sequence
import pathlib
from typing import NamedTuple

import numpy as np

from da_jax import files
from da_jax.data.audit.findings import Facts, Findings
from da_jax.report import figures
from da_jax.report.data_tables import class_names, tables
from da_jax.report.embedding import SOURCE_COLOUR, TARGET_COLOUR
from da_jax.report.page import template
from da_jax.report.samples import thumbnail

_CLASSES, _PER_CLASS, _SIDE = 20, 4, 64  # of the grid: below 2 MB of noise
_AS_SVG = 60  # classes up to which the histogram is sharp at every zoom


class GridRow(NamedTuple):
  """Images of one class, by domain."""

  name: str
  source: list[str]  # data URIs
  target: list[str]


def write(
  path: pathlib.Path,
  findings: Findings,
  refusals: Sequence[str],
  warnings: Sequence[str],
  notes: Sequence[str],
) -> None:
  """Writes the page.

  Args:
    path: of the page; what is there is replaced.
    findings: what to show.
    refusals: why training would be refused.
    warnings: what to mind.
    notes: what the numbers rest on.
  """
  html = template('data.html.jinja').render(
    dataset=findings.dataset,
    source=findings.facts[0].domain.name,
    target=findings.facts[1].domain.name,
    refusals=refusals,
    warnings=warnings,
    notes=notes,
    tables=list(tables(findings)),
    histogram=_histogram(findings),
    colours=(SOURCE_COLOUR, TARGET_COLOUR),
    grid=_grid(findings),
    classes=len(class_names(findings)),
  )
  files.write_atomically(path, html)


def _grid(findings: Findings) -> list[GridRow]:
  """The first images of the first classes; none for data that is not images."""
  if any(
    len(facts.shape) != 3 or facts.shape[-1] not in (1, 3)
    for facts in findings.facts
  ):
    return []
  return [
    GridRow(name, *(_first(facts, name) for facts in findings.facts))
    for name in class_names(findings)[:_CLASSES]
  ]


def _first(facts: Facts, name: str) -> list[str]:
  names, (x, y) = facts.counts.names, facts.domain.examples
  if name not in names:
    return []
  rows = np.flatnonzero(y == names.index(name))[:_PER_CLASS]
  return [thumbnail(image, _SIDE) for image in x[rows]]


def _histogram(findings: Findings) -> figures.Picture:
  """Shares of the classes in both domains, as pairs of bars."""
  names = class_names(findings)
  with figures.style():
    figure = figures.new(7, 1.2 + 0.3 * len(names))
    axes = figure.subplots()
    places = np.arange(len(names))
    for offset, colour, facts in zip(
      (-0.2, 0.2), (SOURCE_COLOUR, TARGET_COLOUR), findings.facts, strict=True
    ):
      counts = dict(zip(facts.counts.names, facts.counts.counts, strict=True))
      share = [counts.get(n, 0) / len(facts.domain.examples.y) for n in names]
      axes.barh(places + offset, 100 * np.array(share), 0.38, color=colour)
    labels = [figures.shorten(name) for name in names]
    axes.set_yticks(places, labels, parse_math=False)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel('% of the examples of the domain')
    embed = figures.svg if len(names) <= _AS_SVG else figures.png
    return embed(figure, f'Shares of {len(names)} classes in both domains.')
