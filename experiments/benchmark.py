"""Methods x tasks x seeds, every run a process of its own; goes on where it was

python -m experiments.benchmark --dataset=office_caltech10 --methods=dann,mmd
"""

from collections.abc import Mapping, Sequence
import itertools
import pathlib
import sys

from absl import flags
from rich import console

from da_jax import asked, baselines, commands, data, runs
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
_SAME = set(SHARED).difference(baselines.TUNED)
_ADAPTED = ('adain',)  # flags of all methods that adapt
_TASK = 'give --tasks=source:target,...'
_INSTEAD = {
  'seed': 'give --seeds',
  'source': _TASK,
  'target': _TASK,
  'baseline': 'with source_only among --methods all are compared with it',
}


def main():
  matrix_flags.refuse(_INSTEAD)
  out = pathlib.Path(FLAGS.workdir or f'runs/benchmark-{FLAGS.dataset}')
  keys = list(itertools.product(_tasks(), matrix_flags.seeds(), _methods()))
  more = _more()
  cells = {key: _cell(out, *key, more) for key in keys}
  _check_folders(cells)
  asked.check(cells.values())
  failures = run_all(list(cells.values()), FLAGS.jobs)
  asked.check(cells.values())  # others may have made some meanwhile
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
    screen.print(matrix.to_terminal(verdicts.brief(lines), title))
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
  for name in _METHODS.value:
    if name not in METHODS:
      raise UserError(f'--methods: {name} is none of {", ".join(METHODS)}.')
  return sorted(_METHODS.value, key=lambda name: name != 'source_only')


def _more() -> dict[str, list[str]]:
  """The further flags of each method: its own, or how it is optimised."""
  more = {}
  for entry in _WITH.value:
    name, _, flag = entry.partition(':')
    if name not in _METHODS.value:
      raise UserError(f'--with={entry}: {name} is not among --methods.')
    if not flag.startswith('-'):
      raise UserError(
        f'--with={entry} names no flag: --with=dann:--grl_strength=0.1 does.'
      )
    # A file of flags may have those that all share.
    words = FLAGS.read_flags_from_files([flag], force_gnu=False)
    for word in words:
      known = word.lstrip('-').partition('=')[0]
      if {known, known.removeprefix('no')} & _SAME:
        raise UserError(
          f'--with={entry}: --{known} is not one for a method alone, as all'
          ' runs are compared: give it without --with.'
        )
    more.setdefault(name, []).extend(words)
  return more


def _check_folders(cells: Mapping[tuple, Cell]) -> None:
  """Raises UserError where two tasks would have one folder."""
  tasks: dict[pathlib.Path, tuple[str, str]] = {}
  for (task, *_), cell in cells.items():
    other = tasks.setdefault(cell.run, task)
    if other != task:
      raise UserError(
        f'--tasks: {":".join(other)} and {":".join(task)} would both be in'
        f' {cell.run.parent}: rename a domain, or give them a --workdir each.'
      )


def _cell(
  out: pathlib.Path,
  task: tuple[str, str],
  seed: int,
  name: str,
  more: Mapping[str, Sequence[str]],
) -> Cell:
  folder = out / '-'.join(pathlib.Path(domain).name for domain in task)
  run, baseline = (folder / f'{m}-seed{seed}' for m in (name, 'source_only'))
  compared = name != 'source_only' and 'source_only' in _METHODS.value
  script, *own = METHODS[name]
  names = SHARED if name == 'source_only' else (*SHARED, *_ADAPTED)
  wanted = FLAGS['report'].present and FLAGS.report
  report = '--report' if wanted else '--noreport'
  command = [
    *(sys.executable, '-m', f'experiments.{script}'),
    *matrix_flags.given(names, without=_PER_RUN),
    *(f'--source={task[0]}', f'--target={task[1]}', f'--seed={seed}'),
    *(f'--workdir={run}', report),
    f'--baseline={baseline}' if compared else '--baseline=none',
    *own,
    *more.get(name, ()),
  ]
  return Cell(run, tuple(command), baseline if compared else None)


if __name__ == '__main__':
  commands.run(main, (*SHARED, *_ADAPTED, *matrix_flags.NAMES))
