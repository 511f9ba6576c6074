"""Tunes flags on a validator, never on target labels; many may work on one.

python -m experiments.sweep --dataset=digits --tune=learning_rate:1e-4..1e-1:log
"""

import pathlib
import sys

from absl import flags
from rich import console

from da_jax import commands
from da_jax.errors import UserError
from experiments import matrix_flags, one_script

FLAGS = flags.FLAGS
_TUNE = flags.DEFINE_multi_string(
  'tune',
  [],
  'What to try: a range, learning_rate:1e-4..1e-1:log or kernels:1..9, or a'
  ' list, bottleneck:64,128,256.',
)
_SAMPLER = flags.DEFINE_enum(
  'sampler', 'tpe', ['tpe', 'random', 'grid'], 'Chooses what to try.'
)
_TRIALS = flags.DEFINE_integer('trials', 40, 'Runs in all.', lower_bound=1)
_PRUNE = flags.DEFINE_bool(
  'prune', True, 'Give up runs below the median of those before, by --select.'
)


def main():
  matrix_flags.refuse(
    {
      'seeds': 'all trials have the same --seed',
      'jobs': 'start the command as often as there is to work at a time',
      **one_script.INSTEAD,
    }
  )
  try:
    from da_jax.report import sweep_page
    from da_jax.tuning import outcome, study, trials
  except ImportError as error:
    if error.name != 'optuna':
      raise
    raise UserError('sweeps need optuna: pip install da-jax[sweep].') from error
  folder = pathlib.Path(
    FLAGS.workdir or f'runs/sweep-{FLAGS.script}-{FLAGS.dataset}'
  )
  facts = _facts(folder)
  sweep = study.open_sweep(folder, facts)
  trials.carry_out(sweep, lambda work: _command(facts, work))
  rows = outcome.rows(sweep)
  text = sweep_page.write(sweep, rows)
  screen = console.Console(soft_wrap=True, highlight=False)
  screen.print(text, markup=False)
  print(f'{folder}/index.html, {folder}/table.md, {folder}/results.csv')
  return 0 if outcome.complete(rows) else 1


def _facts(folder: pathlib.Path) -> dict:
  """What study.json says, given now or by an earlier worker."""
  from da_jax.tuning import record, study

  path = folder / study.FILE
  earlier = record.read(path)
  asked = _asked()
  if earlier is None and not _TUNE.value:
    raise UserError(
      f'there is no sweep in {folder}: say what to try, as'
      ' --tune=learning_rate:1e-4..1e-1:log.'
    )
  if earlier is None or asked:
    record.keep(path, _described(earlier))
  return record.read(path)


def _asked() -> bool:
  """Whether more is given than which sweep to work on."""
  own = ('tune', 'sampler', 'trials', 'prune', 'script', 'seed')
  return any(FLAGS[name].present for name in own) or bool(one_script.given(()))


def _described(earlier: dict | None) -> dict:
  """What the flags say; without --tune the rest is as it was."""
  from da_jax.tuning import ranges

  tuned = _tuned() or ranges.from_json(earlier['ranges'])
  facts = {
    'script': FLAGS.script,
    'ranges': ranges.to_json(tuned),
    'sampler': _SAMPLER.value,
    'seed': FLAGS.seed,
    'trials': ranges.count(tuned, _SAMPLER.value, _TRIALS.value),
    'prune': _PRUNE.value,
    'select': FLAGS.select,
    'steps': FLAGS.steps,
    'flags': one_script.given(tuned),
  }
  if earlier is None:
    return facts
  if _TUNE.value:
    unsaid = ['trials']
  else:
    unsaid = [name for name in facts if name in FLAGS]
    facts['flags'] = facts['flags'] or earlier['flags']
  unsaid = [name for name in unsaid if not FLAGS[name].present]
  return facts | {name: earlier[name] for name in unsaid}


def _tuned() -> dict:
  """What --tune asks for, checked before anything runs."""
  from da_jax.tuning import ranges

  tuned = {}
  for text in _TUNE.value:
    name, _, wanted = text.partition(':')
    if name in tuned:
      raise UserError(f'--tune={text}: {name} is given twice.')
    flag = one_script.check(name, 'tune')
    if one_script.is_of_the_test(name):
      raise UserError(
        f'--tune={text}: {name} changes the data or the evaluation, and the'
        ' easier test would win.'
      )
    tuned[name] = ranges.parse(name, wanted, flag.parser)
  return tuned


def _command(facts: dict, work) -> tuple[str, ...]:
  tried = [f'--{name}={value}' for name, value in work.values.items()]
  words = [*facts['flags'], f'--seed={facts["seed"]}', *tried]
  return one_script.command(facts['script'], words, work.run)


if __name__ == '__main__':
  commands.run(main, one_script.known(sys.argv))
