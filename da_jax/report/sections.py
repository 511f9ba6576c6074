"""Reports of many runs: sections of plots and tables, as page and Markdown."""

from collections.abc import Collection, Sequence
import pathlib
from typing import NamedTuple

from da_jax import files
from da_jax.report import figures, matrix
from da_jax.report.page import template


class Section(NamedTuple):
  """A part of a page."""

  title: str
  note: str = ''
  pictures: Sequence[figures.Picture] = ()
  lines: Sequence[Sequence[str]] = ()  # of words, the header first
  marked: Collection[int] = ()  # places of the lines to notice
  numbers: bool = True  # the lines are of, and stand to the right


class Report(NamedTuple):
  """What both pages hold."""

  title: str
  headlines: Sequence[str]
  warnings: Sequence[str]
  notes: Sequence[str]
  sections: Sequence[Section]


def write(folder: pathlib.Path, report: Report) -> None:
  """Writes index.html, which needs no other file, and table.md.

  Args:
    folder: where they are put; what is there is replaced.
    report: the content; Markdown leaves out the plots.
  """
  html = template('sections.html.jinja').render(**report._asdict())
  text = [f'# {report.title}', *report.headlines, *report.warnings]
  text += report.notes
  for section in report.sections:
    if section.lines:
      text += [f'## {section.title}', section.note]
      text.append(matrix.to_markdown(section.lines))
  with files.writing(folder):
    files.write_atomically(
      folder / 'table.md', '\n\n'.join(filter(None, text)).rstrip() + '\n'
    )
    files.write_atomically(folder / 'index.html', html)
