"""What happens to image files that cannot be read."""

from collections.abc import Mapping

from absl import logging
import numpy as np

from da_jax.data.files import images
from da_jax.data.files.images import ImageFiles
from da_jax.data.pair import Domain, subset
from da_jax.errors import UserError

POLICIES = ('refuse', 'skip')


def without_broken(
  domain: Domain, files: ImageFiles, broken: Mapping[int, str], policy: str
) -> Domain:
  """Refuses a domain with broken files, or leaves them out.

  Args:
    domain: of one example a file.
    files: its files.
    broken: row -> what is wrong with its file.
    policy: one of `POLICIES`.

  Returns:
    The domain of the other files.

  Raises:
    UserError: there are broken files and the policy is to refuse, or nothing
      else is left of a class.
  """
  if not broken:
    return domain
  named = images.named(files, broken)
  listed = images.listed(named)
  if policy == 'refuse':
    raise UserError(
      f'{listed}: repair or remove them, or take --broken_files=skip.'
    )
  kept = np.setdiff1d(np.arange(len(files)), list(broken))
  y = domain.examples.y
  lost = np.setdiff1d(y, y[kept])
  if len(lost):
    names = ', '.join(domain.class_names[label] for label in lost)
    raise UserError(f'{domain.name}: nothing is left of {names}, as {listed}.')
  logging.warning('%s: left out, as %s', domain.name, listed)
  names, border = domain.names, domain.test_from
  if names:
    named = {names[row]: reason for row, reason in broken.items()}
  return domain._replace(
    examples=subset(domain.examples, kept),
    names=[names[row] for row in kept] if names else (),
    test_from=None if border is None else int(np.searchsorted(kept, border)),
    broken=named,
  )
