"""Methods x tasks x seeds, every run a process of its own; goes on where it was

python -m experiments.benchmark --dataset=office_caltech10 --methods=dann,mmd
"""

import itertools
import pathlib
import re
import sys

from absl import flags
from rich import console

from da_jax import commands, data, losses, runs
from da_jax.cells import Cell, run_all
from da_jax.errors import UserError
from da_jax.report import matrix, outputs
from experiments.shared_flags import SHARED

FLAGS = flags.FLAGS


def _scripts() -> dict[str, tuple[str, ...]]:
  """Method -> script, of those that name theirs in `common.main('...', build`.

  They are read and not imported, as their flags have names in common.
  """
  found = {}
  for path in sorted(pathlib.Path(__file__).parent.glob('*.py')):
    name = re.search(r"^  common\.main\(\s*'(\w+)'", path.read_text(), re.M)
    if name:
      found[name[1]] = (path.stem,)
  return found


# Name -> script and its flags; not fine-tuning, which needs target labels.
METHODS = _scripts() | {
  name: ('mmd', f'--loss={name}') for name in losses.ALIGNMENTS
}
_METHODS = flags.DEFINE_list(
  'methods', list(METHODS), f'Of {", ".join(METHODS)}.'
)
_TASKS = flags.DEFINE_list(
  'tasks', ['all'], 'All pairs of domains, or source:target,...'
)
_SEEDS = flags.DEFINE_list('seeds', ['3'], 'How many from 0, or which: 0,1,2.')
_JOBS = flags.DEFINE_integer('jobs', 1, 'Runs at a time.', lower_bound=1)
_WITH = flags.DEFINE_multi_string(
  'with', [], 'More flags of a method, as --with=dann:--grl_strength=0.1'
)
# Every run has its own.
_PER_RUN = ('workdir', 'source', 'target', 'seed', 'baseline', 'report')


def main():
  out = pathlib.Path(FLAGS.workdir or f'runs/benchmark-{FLAGS.dataset}')
  keys = list(itertools.product(_tasks(), _seeds(), _methods()))
  cells = {key: _cell(out, *key) for key in keys}
  failures = run_all(list(cells.values()), _JOBS.value)
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
    # Of differences, worst case and p-values are in the files alone.
    shown = [[*line[:5], *line[8 if len(line) > 8 else 5 :]] for line in lines]
    screen.print(matrix.to_terminal(shown, title))


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


def _seeds() -> list[int]:
  try:
    seeds = [int(seed) for seed in _SEEDS.value]
  except ValueError as error:
    raise UserError('--seeds are whole numbers, as 5 or 0,1,2.') from error
  return list(range(*seeds)) if len(seeds) == 1 else seeds


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
    *(FLAGS[flag].serialize() for flag in _shared()),
    *(f'--source={task[0]}', f'--target={task[1]}', f'--seed={seed}'),
    *(f'--workdir={run}', '--noreport'),
    f'--baseline={baseline}' if compared else '--baseline=none',
    *own,
    *_more().get(name, ()),
  ]
  return Cell(run, tuple(command), baseline if compared else None)


def _shared() -> list[str]:
  """The flags that were given and are the runs' as well."""
  given = (flag for flag in SHARED if FLAGS[flag].present)
  return [flag for flag in given if flag not in _PER_RUN]


if __name__ == '__main__':
  commands.run(main, SHARED)
