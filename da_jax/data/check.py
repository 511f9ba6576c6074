"""Looks at data before anyone trains on them: prints, and writes a page.

python -m da_jax.data.check --dataset=folder --source=day --target=night

Exits with 0 if training would start, with 2 if it would be refused.
"""

import pathlib

from absl import flags
from rich import box, console, markup, table

from da_jax import commands, data
from da_jax.data import flags as data_flags
from da_jax.data.audit import advice, findings
from da_jax.data.pair import Task
from da_jax.errors import UserError
from da_jax.report import data_page, data_tables

FLAGS = flags.FLAGS
_ROWS = 40  # of a table in the terminal; the page has all

flags.DEFINE_string(
  'out', None, 'The page; default check-<dataset>-<source>-<target>.html.'
)


def main() -> int:
  """Checks the data that the flags ask for; returns the exit code.

  Raises:
    UserError: the page cannot be written.
  """
  page = _page()
  screen = console.Console()
  task, refusals = _load()
  if task is None:
    _print_verdict(screen, refusals, [])
    return 2
  protocol = data_flags.protocol()
  found = findings.examine(task, protocol, FLAGS.batch_size)
  refusals += found.refusals
  warnings = list(advice.warnings(found, protocol))
  notes = list(advice.notes(found))
  for part in data_tables.tables(found):
    _print_table(screen, part)
  for note in notes:
    screen.print(markup.escape(note))
  page = page or _default_page(task)
  try:
    data_page.write(page, found, refusals, warnings, notes)
  except OSError as error:
    raise UserError(
      f'--out={page} cannot be written: {error.strerror}.'
    ) from error
  print(f'Images and histograms: {page}')
  _print_verdict(screen, refusals, warnings)
  return 2 if refusals else 0


def _page() -> pathlib.Path | None:
  if FLAGS.out is None:
    return None
  if pathlib.Path(FLAGS.out).suffix != '.html':
    raise UserError(f'--out={FLAGS.out} must be the name of an .html file.')
  return pathlib.Path(FLAGS.out)


def _default_page(task: Task) -> pathlib.Path:
  names = (pathlib.Path(d.name).name for d in (task.source, task.target))
  return pathlib.Path(f'check-{"-".join([task.dataset, *names])}.html')


def _load() -> tuple[Task | None, list[str]]:
  """The task and why it would be refused, if so without its broken files."""
  try:
    return data_flags.task(), []
  except UserError as error:
    refusals = [str(error)]
  if 'broken_files' not in data.DATASETS[FLAGS.dataset].options:
    return None, refusals
  try:
    return data_flags.task(broken_files='skip'), refusals
  except UserError as error:
    return None, list(dict.fromkeys([*refusals, str(error)]))


def _print_table(screen: console.Console, part: data_tables.Table) -> None:
  hidden = len(part.rows) - _ROWS
  grid = table.Table(
    title=markup.escape(part.title),
    caption=f'and {hidden} more on the page' if hidden > 0 else None,
    box=box.SIMPLE_HEAVY,
  )
  for column in part.columns:
    grid.add_column(markup.escape(column), overflow='fold')
  for row in part.rows[:_ROWS]:
    grid.add_row(*map(markup.escape, row))
  screen.print(grid)


def _print_verdict(
  screen: console.Console, refusals: list[str], warnings: list[str]
) -> None:
  for kind, lines in (('warning', warnings), ('refused', refusals)):
    for line in lines:
      screen.print(f'{kind}: {markup.escape(line)}', soft_wrap=True)
  verdict = 'Training would be refused.' if refusals else 'Ready to train.'
  screen.print(verdict, style='bold')


if __name__ == '__main__':
  commands.run(main, data_flags.NAMES)
