"""Methods x tasks x seeds, every run a process of its own; goes on where it was

python -m experiments.benchmark --dataset=office_caltech10 --methods=dann,mmd
"""

import itertools
import pathlib
import sys

from absl import flags
from rich import console

from da_jax import commands, data, runs
from da_jax.cells import Cell, run_all
from da_jax.errors import UserError
from da_jax.report import matrix, outputs, verdicts
from experiments import matrix_flags
from experiments.matrix_flags import METHODS, PER_RUN
from experiments.shared_flags import SHARED

FLAGS = flags.FLAGS
_METHODS = flags.DEFINE_list(
  'methods', list(METHODS), f'Of {", ".join(METHODS)}.'
)
_TASKS = flags.DEFINE_list(
  'tasks', ['all'], 'All pairs of domains, or source:target,...'
)
_WITH = flags.DEFINE_multi_string(
  'with', [], 'More flags of a method, as --with=dann:--grl_strength=0.1'
)
_PER_RUN = (*PER_RUN, 'source', 'target')


def main():
  out = pathlib.Path(FLAGS.workdir or f'runs/benchmark-{FLAGS.dataset}')
  keys = list(itertools.product(_tasks(), matrix_flags.seeds(), _methods()))
  cells = {key: _cell(out, *key) for key in keys}
  failures = run_all(list(cells.values()), FLAGS.jobs)
  results = {key: runs.results_of(cell.run) for key, cell in cells.items()}
  rows = [
    matrix.row(
      method,
      task,
      seed,
      results[task, seed, method],
      failures.get(run, ''),
      run.relative_to(out).as_posix(),
    )
    for (task, seed, method), (run, *_) in cells.items()
  ]
  finished = [found for found in results.values() if found]
  _show(rows, finished)
  print(*outputs.write(out, FLAGS.dataset, rows, finished), sep='\n')
  return 1 if failures else 0


def _show(rows: matrix.Rows, results: list[dict]) -> None:
  """Prints what a terminal has room for."""
  title = f'{FLAGS.dataset}: target accuracy in %, last step, ± std over seeds'
  screen, lines = console.Console(), matrix.cells(rows)
  screen.print(matrix.to_terminal(matrix.transposed(lines), title))
  for title, lines in outputs.tables(rows, results).items():
    if 'verdict' in lines[0]:  # their spread and single tests are in the files
      lines = [[*line[:4], *line[8:]] for line in lines]
    screen.print(matrix.to_terminal(lines, title))
  for sentence in verdicts.warnings(rows):
    screen.print(sentence, markup=False, style='bold')


def _tasks() -> list[tuple[str, str]]:
  domains = data.DATASETS[FLAGS.dataset].domains
  if _TASKS.value != ['all']:
    tasks = [tuple(task.split(':')) for task in _TASKS.value]
    if any(len(task) != 2 for task in tasks):
      raise UserError('--tasks are pairs such as amazon:webcam,dslr:webcam.')
    return tasks
  if domains is None:
    raise UserError(
      f'--dataset={FLAGS.dataset} has no domains of its own: name the pairs,'
      ' as --tasks=day:night,night:day.'
    )
  return list(itertools.permutations(domains, 2))


def _methods() -> list[str]:
  """The methods, source-only first, with which others are compared."""
  for name in (*_METHODS.value, *_more()):
    if name not in METHODS:
      raise UserError(f'--methods: {name} is none of {", ".join(METHODS)}.')
  return sorted(_METHODS.value, key=lambda name: name != 'source_only')


def _more() -> dict[str, list[str]]:
  """The further flags of each method."""
  more = {}
  for entry in _WITH.value:
    name, _, flag = entry.partition(':')
    more.setdefault(name, []).append(flag)
  return more


def _cell(out: pathlib.Path, task: tuple[str, str], seed: int, name: str):
  folder = out / '-'.join(pathlib.Path(domain).name for domain in task)
  run, baseline = (folder / f'{m}-seed{seed}' for m in (name, 'source_only'))
  compared = name != 'source_only' and 'source_only' in _METHODS.value
  script, *own = METHODS[name]
  command = [
    *(sys.executable, '-m', f'experiments.{script}'),
    *matrix_flags.given(SHARED, without=_PER_RUN),
    *(f'--source={task[0]}', f'--target={task[1]}', f'--seed={seed}'),
    *(f'--workdir={run}', '--noreport'),
    f'--baseline={baseline}' if compared else '--baseline=none',
    *own,
    *_more().get(name, ()),
  ]
  return Cell(run, tuple(command), baseline if compared else None)


if __name__ == '__main__':
  commands.run(main, (*SHARED, *matrix_flags.NAMES))
