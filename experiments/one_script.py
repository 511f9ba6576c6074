"""What scripts share that run one training script with many values of flags.

Flags of that script are theirs as well: they are known before the command line
is read.
"""

import argparse
from collections.abc import Collection, Sequence
import importlib
import pathlib
import sys

from absl import flags

from da_jax.data import flags as data_flags
from da_jax.data.transforms import Augmentation
from da_jax.errors import UserError
from experiments import matrix_flags
from experiments.matrix_flags import METHODS, PER_RUN
from experiments.shared_flags import SHARED

FLAGS = flags.FLAGS
flags.DEFINE_enum('script', 'dann', list(METHODS), 'What trains.')
_FIXED = (*PER_RUN, 'overwrite')
# Flags of a run by itself, and what there is instead.
INSTEAD = {
  'baseline': 'runs are compared with each other',
  'report': "a run's own command, in its config.json, gives it a page",
}
# Flags of the data that say how to train on them, not what they are.
_TRAINING = ('batch_size', *Augmentation._fields)
_EVALUATION = ('eval_every', 'patience', 'select')


def known(argv: Sequence[str]) -> tuple[str, ...]:
  """Makes the flags of the script known that the command line names.

  Args:
    argv: the words of the command line.

  Returns:
    The names of all flags that the runs take, and 'script'.
  """
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
  parser.add_argument('--script', '-script', default=FLAGS['script'].default)
  try:
    words = FLAGS.read_flags_from_files(list(argv), force_gnu=False)
  except flags.Error:  # is told when the flags are read
    words = argv
  script = parser.parse_known_args(words)[0].script
  if script not in METHODS:  # as well
    script = FLAGS['script'].default
  importlib.import_module(_module(script))
  return ('script', *names(script))


def names(script: str) -> tuple[str, ...]:
  """The flags that the runs of a script take."""
  own = FLAGS.flags_by_module_dict().get(_module(script), ())
  return (*SHARED, 'adain', *(flag.name for flag in own))


def check(name: str, flag: str) -> flags.Flag:
  """The flag that is to be varied.

  Args:
    name: of the flag.
    flag: which asks for it, for the message.

  Raises:
    UserError: the script has no such flag, or each run has its own value.
  """
  if name in _FIXED:
    raise UserError(f'--{flag} cannot vary --{name}: every run has its own.')
  if name not in names(FLAGS.script):
    raise UserError(
      f'--{flag} names {name}, which is no flag of {FLAGS.script}:'
      f' python -m {_module(FLAGS.script)} --help lists them.'
    )
  return FLAGS[name]


def is_of_the_test(name: str) -> bool:
  """Whether a flag changes the data or when and by what a run is judged."""
  of_data = name in data_flags.NAMES and name not in _TRAINING
  return of_data or name in _EVALUATION


def given(without: Collection[str]) -> list[str]:
  """The words of the flags that all runs share."""
  return matrix_flags.given(names(FLAGS.script), (*_FIXED, *without))


def command(
  script: str, words: Sequence[str], run: pathlib.Path
) -> tuple[str, ...]:
  """What trains a run, without a baseline and a page."""
  _, *preset = METHODS[script]
  return (
    *(sys.executable, '-m', _module(script), *preset, *words),
    *(f'--workdir={run}', '--baseline=none', '--noreport'),
  )


def _module(script: str) -> str:
  return f'experiments.{METHODS[script][0]}'
