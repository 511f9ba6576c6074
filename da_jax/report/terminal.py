"""The result of a run as a table in the terminal."""

from collections.abc import Sequence
from typing import Any

from rich import box, console, markup, table

from da_jax.report import summary, validators


def print_results(results: dict[str, Any]) -> None:
  """Prints the results table of a finished run.

  Args:
    results: the content of results.json.
  """
  title = '{dataset}: {source} → {target}'.format(**results)
  facts = [
    f'source accuracy {summary.percent(results.get("source_accuracy"))}',
    f'{results["steps"]} steps',
    f'{results["seconds"]:.0f} s',
    f'seed {results["seed"]}',
  ]
  grid = table.Table(
    title=markup.escape(title),
    caption=markup.escape(', '.join(facts)),
    box=box.SIMPLE_HEAVY,
  )
  grid.add_column('target accuracy')
  grid.add_column('last step', justify='right')
  grid.add_column(
    markup.escape(f'selected by {results["selected_by"]}'), justify='right'
  )
  grid.add_column(f'oracle ({summary.ORACLE_NOTE})', justify='right')
  for row in summary.rows(results):
    grid.add_row(*(markup.escape(cell) for cell in row))
  screen = console.Console()
  screen.print(grid)
  for note in results.get('notes', ()):
    screen.print(markup.escape(note))
  if by_labels := summary.verdict(results):
    screen.print(markup.escape(by_labels.text), style='bold')
  if by_validator := validators.verdict(results):
    screen.print(markup.escape(by_validator))
  choices = validators.choices(results)
  if choices:
    screen.print(_choices(choices))


def _choices(choices: Sequence[validators.Choice]) -> table.Table:
  """A line a validator; the one that counts is bold."""
  grid = table.Table(
    title=validators.TITLE,
    caption=validators.NOTE,
    box=box.SIMPLE_HEAVY,
  )
  for name in validators.COLUMNS:
    grid.add_column(name, justify='left' if name == 'validator' else 'right')
  for *cells, counts in choices:
    grid.add_row(*cells, style='bold' if counts else None)
  return grid
