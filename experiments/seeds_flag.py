"""--seeds, of scripts that train one method and of those that start many runs.

One process may know the flags of both, as the latter read those of the former.
"""

from absl import flags

from da_jax.errors import UserError

FLAGS = flags.FLAGS
flags.DEFINE_list(
  'seeds',
  None,
  'Instead of --seed: how many from 0, or which: 5 or 0,1,2.',
)


def seeds(default: int | None = None) -> list[int]:
  """The seeds that --seeds asks for.

  Args:
    default: how many where it is not given; None for no seeds.

  Raises:
    UserError: they are not seeds.
  """
  words = FLAGS.seeds
  if words is None:
    return list(range(default or 0))
  given = ','.join(words)
  if not words or not all(word.isdecimal() for word in words):
    raise UserError(f'--seeds are whole numbers, as 5 or 0,1,2: not {given!r}.')
  found = [int(word) for word in words]
  if len(found) == 1:
    found = list(range(*found))
  if not found or len(set(found)) < len(found):
    raise UserError(
      f'--seeds={given}: how many from 0, at least 1, or different ones.'
    )
  return found
