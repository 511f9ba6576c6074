"""Several seeds of a script in one process, each with a folder of its own."""

from collections.abc import Sequence

from absl import flags

from da_jax import hosts, programs, replicas
from da_jax.course import Outcome, Plan, course
from da_jax.data.pair import DomainPair
from da_jax.errors import DivergedError, UserError
from da_jax.types import Method
from experiments import seeds_flag

FLAGS = flags.FLAGS
flags.DEFINE_enum(
  'replicas',
  'auto',
  replicas.WAYS,
  'How a device trains several seeds: by one program for all (vmap) or in'
  ' turns; auto = what was measured faster for such data.',
)
NAMES = ('seeds', 'replicas')
# What trains one run on all devices, or watches one.
_ALONE = ('seed', 'profile', 'parallel')


def seeds() -> list[int]:
  """The seeds that --seeds asks for; none where it is not given.

  Raises:
    UserError: they are not seeds, or do not go with other flags.
  """
  found = seeds_flag.seeds()
  if not found:
    return []
  for flag in _ALONE:
    if FLAGS[flag].present and FLAGS[flag].value != FLAGS[flag].default:
      raise UserError(
        f'--{flag} is for one run, --seeds for several: give only one of the'
        ' two.'
      )
  if hosts.many():
    raise UserError(
      '--seeds trains in one process: give each run of many a --seed.'
    )
  return found


def train(
  method: Method, asked: Sequence[tuple[DomainPair, Plan] | None]
) -> list[Outcome | DivergedError | None]:
  """Trains seeds together, see `replicas.train`.

  Args:
    method: what to train.
    asked: data and plan of each seed; None for one that is not to be trained,
      which keeps its place. Not all are.
  """
  pair, shown = next(filter(None, asked))
  shared = programs.of(method, pair)
  courses = [
    one and course(shared, one[0], one[1]._replace(quiet=one[1] is not shown))
    for one in asked
  ]
  way = replicas.choose(FLAGS.replicas, shared, pair)
  return replicas.train(courses, shared.step, way=way, name=shown.name)


def notes(count: int) -> list[str]:
  """What readers of a seed's report should know.

  Args:
    count: of the seeds that were trained.
  """
  if count < 2:
    return []
  others = 'another seed' if count == 2 else f'{count - 1} other seeds'
  return [
    f'Trained together with {others}, whose time is in that of every step.'
  ]
