"""Grids of flags over seeds, and what each of them does on average.

python -m experiments.ablation --dataset=digits --vary=bottleneck:128,256
"""

import pathlib
import sys
from urllib.parse import quote

from absl import flags
from rich import console

from da_jax import commands, runs
from da_jax.cells import Cell, run_all
from da_jax.errors import UserError
from da_jax.report import ablation_page, matrix
from da_jax.tuning import factors as ablation
from da_jax.tuning import record
from da_jax.tuning.factors import Factor, Run, Setting
from experiments import matrix_flags, one_script

FLAGS = flags.FLAGS
_VARY = flags.DEFINE_multi_string(
  'vary', [], 'A flag and its values, as --vary=bottleneck:128,256.'
)
_ONE = flags.DEFINE_bool(
  'one_at_a_time', False, 'Vary each alone from the other flags as given.'
)


def main():
  matrix_flags.refuse({'seed': 'give --seeds', **one_script.INSTEAD})
  factors = _factors()
  base = _base(factors) if _ONE.value else None
  settings = ablation.grid(factors)
  if base:
    factors = ablation.with_base(factors, base)
    settings = ablation.one_at_a_time(factors, base)
  out = pathlib.Path(
    FLAGS.workdir or f'runs/ablation-{FLAGS.script}-{FLAGS.dataset}'
  )
  shared = one_script.given([factor.name for factor in factors])
  seeds = matrix_flags.seeds()
  facts = {'script': FLAGS.script, 'flags': shared}
  record.keep(out / 'ablation.json', facts)
  cells = {
    (setting, seed): _cell(out, shared, factors, setting, seed)
    for setting in settings
    for seed in seeds
  }
  failures = run_all(list(cells.values()), FLAGS.jobs)
  found = [
    Run(*key, runs.results_of(cell.run), failures.get(cell.run, ''))
    for key, cell in cells.items()
  ]
  names = ', '.join(factor.name for factor in factors)
  title = f'Ablation of {FLAGS.script} on {FLAGS.dataset}: {names}'
  lines = ablation_page.write(out, title, factors, found, base, _notes(factors))
  console.Console().print(matrix.to_terminal(lines, title))
  print(f'{out}/index.html, {out}/table.md, {out}/results.csv')
  return 1 if failures else 0


def _factors() -> list[Factor]:
  """What --vary asks for, checked before anything runs."""
  factors = [ablation.parse(text) for text in _VARY.value]
  names = [factor.name for factor in factors]
  if not factors or len(set(names)) < len(names):
    raise UserError('--vary each flag once, as --vary=bottleneck:128,256.')
  for factor in factors:
    flag = one_script.check(factor.name, 'vary')
    for value in factor.values:
      try:
        flag.parser.parse(value)
      except (TypeError, ValueError) as error:
        raise UserError(
          f'--vary={factor.name}: {value} is no value: {error}.'
        ) from error
  return factors


def _notes(factors: list[Factor]) -> list[str]:
  """What readers should know of flags that change what is compared."""
  return [
    f'{factor.name} changes the data or the evaluation: its values may differ'
    ' by how hard their tests are.'
    for factor in factors
    if one_script.is_of_the_test(factor.name)
  ]


def _base(factors: list[Factor]) -> Setting:
  """The value of each factor that is given, else its default."""
  values = [FLAGS[factor.name].value for factor in factors]
  for factor, value in zip(factors, values, strict=True):
    if value is None or isinstance(value, list):
      raise UserError(
        f'--one_at_a_time varies from one value: --{factor.name} has none or'
        ' several.'
      )
  return tuple(
    next(
      (v for v in factor.values if FLAGS[factor.name].parser.parse(v) == value),
      str(value),
    )
    for factor, value in zip(factors, values, strict=True)
  )


def _cell(
  out: pathlib.Path,
  shared: list[str],
  factors: list[Factor],
  setting: Setting,
  seed: int,
) -> Cell:
  pairs = sorted(
    (factor.name, value) for factor, value in zip(factors, setting, strict=True)
  )
  folders = [f'{name}={quote(value, safe="")}' for name, value in pairs]
  run = out.joinpath(*folders, f'seed{seed}')
  words = [*shared, f'--seed={seed}', *(f'--{n}={v}' for n, v in pairs)]
  return Cell(run, one_script.command(FLAGS.script, words, run))


if __name__ == '__main__':
  commands.run(main, (*matrix_flags.NAMES, *one_script.known(sys.argv)))
