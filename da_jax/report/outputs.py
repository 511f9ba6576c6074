"""Everything that is written of a matrix: CSV, Markdown, LaTeX, a page."""

from collections.abc import Mapping, Sequence
import json
import pathlib
from typing import Any

from da_jax import files, runs
from da_jax.report import (
  benchmark_page,
  beside,
  choosing,
  latex,
  matrix,
  verdicts,
)
from da_jax.report.matrix import Rows

# Flags in which runs of one matrix differ by what they are.
_PER_RUN = ('source', 'target', 'seed', 'baseline', 'backbone', *runs.FREE)

_DIFFERENCE = 'Difference to source_only in points, paired by task and seed'


def write(
  out: pathlib.Path,
  dataset: str,
  rows: Rows,
  results: Sequence[Mapping[str, Any]],
) -> list[pathlib.Path]:
  """Writes the files, each in one step: many processes may do so.

  Args:
    out: the folder of the matrix.
    dataset: name.
    rows: of `matrix.row`, with 'run' relative to `out`.
    results: the contents of results.json of all finished runs.

  Returns:
    The files.
  """
  protocol = describe(rows, _configs(out, rows))
  shown = beside.beside(dataset, rows)
  title = f'{dataset}: target accuracy in %, ± std over seeds'
  title += f'; {beside.step(rows, "last")}'
  notes = [f'Ours: {" ".join(protocol)}', *beside.notes(shown)]
  texts = {
    'results.csv': matrix.to_csv(rows),
    'table.md': _markdown(title, rows, results, beside.words(shown), notes),
    'table.tex': latex.table(beside.words(shown), title, notes),
  }
  for name, text in texts.items():
    files.write_atomically(out / name, text)
  page = benchmark_page.write(out, dataset, rows, results, protocol)
  return [*(out / name for name in texts), page]


def describe(rows: Rows, configs: Sequence[Mapping[str, Any]]) -> list[str]:
  """How the runs were made, in sentences.

  Args:
    rows: of `matrix.row`.
    configs: the contents of config.json of the runs.
  """
  flags = [config['flags'] for config in configs]
  facts = {
    'backbone': [one.get('backbone') for one in flags],
    'data': [row['protocol'] for row in rows],
    'steps': [row['steps'] for row in rows],
  }
  parts = [
    f'{name}: {" or ".join(map(str, known))}'
    for name, values in facts.items()
    if (known := dict.fromkeys(value for value in values if value))
  ]
  sentences = [f'{"; ".join(parts)}.'] if parts else []
  common = set(flags[0]).intersection(*flags) if flags else set()
  for name in sorted(common.difference(_PER_RUN)):
    values = list(dict.fromkeys(str(one[name]) for one in flags))
    if len(values) > 1:
      sentences.append(f'Runs differ in --{name}: {", ".join(values)}.')
  return sentences


def _configs(out: pathlib.Path, rows: Rows) -> list[dict[str, Any]]:
  paths = [out / row['run'] / runs.CONFIG for row in rows if row['last'] != '']
  return [json.loads(path.read_text()) for path in paths if path.exists()]


def _markdown(title, rows, results, lines, notes) -> str:
  """All tables, of which only the first may be all there is."""
  text = f'{title}:\n\n{matrix.to_markdown(lines)}\n'
  text += ''.join(f'- {note}\n' for note in notes)
  if said := verdicts.warnings(rows):
    text += '\n' + ''.join(f'- {sentence}\n' for sentence in said)
  for title, lines in tables(rows, results).items():
    text += f'\n{title}:\n\n{matrix.to_markdown(lines)}'
    if title == _DIFFERENCE:
      text += f'\n{verdicts.NOTE}\n'
  failed = [row for row in rows if row['failure']]
  if failed:
    text += '\nFailed runs:\n\n'
    text += ''.join(f'- {row["run"]}: {row["failure"]}\n' for row in failed)
  return text


def tables(
  rows: Rows, results: Sequence[Mapping[str, Any]]
) -> dict[str, list[list[str]]]:
  """The tables that say something, by title, each with its header first."""
  found = {
    _DIFFERENCE: verdicts.differences(rows),
    'Ways of choosing a step: points to the oracle, for reporting only': (
      choosing.words(choosing.choosers(results))
    ),
  }
  return {title: lines for title, lines in found.items() if len(lines) > 1}
