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
  method: Method, pairs: Sequence[DomainPair], plans: Sequence[Plan | None]
) -> list[Outcome | DivergedError | None]:
  """Trains seeds together, see `replicas.train`.

  Args:
    method: what to train.
    pairs: the data of each seed.
    plans: of each; None for one that is finished.
  """
  shared = programs.of(method, pairs[0])
  shown = next((plan for plan in plans if plan), None)
  courses = [
    plan and course(shared, pair, plan._replace(quiet=plan is not shown))
    for pair, plan in zip(pairs, plans, strict=True)
  ]
  if shown is None:
    return courses
  way = replicas.choose(FLAGS.replicas, shared, pairs[0])
  return replicas.train(courses, shared.step, way=way, name=shown.name)


def notes() -> list[str]:
  """What readers of a seed's report should know."""
  found = seeds()
  if len(found) < 2:
    return []
  return [
    f'Trained together with {len(found) - 1} other seeds, whose time is in that'
    ' of every step.'
  ]
