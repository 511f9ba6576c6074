"""What scripts share that start many runs: the methods, seeds, given flags."""

from collections.abc import Collection, Iterable, Mapping
import pathlib
import re

from absl import flags

from da_jax import losses
from da_jax.errors import UserError
from experiments import seeds_flag

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
# Every run has its own.
PER_RUN = ('workdir', 'seed', 'baseline', 'report')
flags.DEFINE_integer('jobs', 1, 'Runs at a time.', lower_bound=1)
NAMES = ('seeds', 'jobs')


def seeds() -> list[int]:
  """What --seeds means; by default three."""
  return seeds_flag.seeds(default=3)


def refuse(instead: Mapping[str, str]) -> None:
  """Raises UserError where a flag of single runs would do nothing.

  Args:
    instead: by name of the flag what there is for many runs, in words.
  """
  instead = {
    'overwrite': 'remove the folders of those to be made anew, or choose'
    ' another --workdir',
    **instead,
  }
  for name, words in instead.items():
    if FLAGS[name].present and FLAGS[name].value is not False:
      raise UserError(f'--{name} does nothing here: {words}.')


def given(names: Iterable[str], without: Collection[str]) -> list[str]:
  """The words of the command line that give these flags again.

  Args:
    names: of flags; those that were not given are left out.
    without: names to leave out.
  """
  words = []
  for name in names:
    if FLAGS[name].present and name not in without:
      # A flag that was given several times is serialised on several lines.
      words += FLAGS[name].serialize().splitlines()
  return words
