"""The classes of two domains, matched by name."""

from collections.abc import Sequence

import numpy as np

from da_jax.data.pair import Domain, Task
from da_jax.errors import UserError


def kept(
  task: Task,
  source_classes: Sequence[str] | None,
  target_classes: Sequence[str] | None,
) -> tuple[str, ...]:
  """The classes of the classifier: those of the source that are kept.

  Args:
    task: the domains.
    source_classes: to keep in the source; None: all.
    target_classes: to keep in the target; None: those of the source.

  Raises:
    UserError: a class is unknown, the classes of the domains differ, or there
      is a single one.
  """
  for domain, flag, wanted in (
    (task.source, 'source_classes', source_classes),
    (task.target, 'target_classes', target_classes),
  ):
    unknown = [n for n in wanted or () if n not in domain.class_names]
    if unknown:
      raise UserError(
        f'--{flag}: {domain.name} has no class {", ".join(unknown)}, but'
        f' {", ".join(domain.class_names)}.'
      )
  wanted = source_classes or task.source.class_names
  names = tuple(name for name in task.source.class_names if name in wanted)
  target = target_classes or task.target.class_names
  if source_classes and not target_classes:
    target = [name for name in target if name in names]
  _check_same(task, names, target, partial=bool(target_classes))
  if len(names) < 2:
    raise UserError(
      f'{task.source.name} has the class {", ".join(names)} alone: two or more'
      ' are needed.'
    )
  return names


def labels(
  domain: Domain, wanted: Sequence[str], class_names: tuple[str, ...]
) -> np.ndarray:
  """Labels of a domain among the classes of the classifier.

  Args:
    domain: with names and numbers of its own.
    wanted: names of the classes to keep.
    class_names: of the classifier.

  Returns:
    int32 [n]; -1 where a class is left out.
  """
  places = [
    class_names.index(name) if name in wanted else -1
    for name in domain.class_names
  ]
  return np.array(places, np.int32)[domain.examples.y]


def _check_same(task, source, target, *, partial: bool) -> None:
  odd = [(task.target.name, [name for name in target if name not in source])]
  if not partial:
    missing = [name for name in source if name not in target]
    odd.insert(0, (task.source.name, missing))
  said = [
    f'only {domain} has {", ".join(sorted(names))}'
    for domain, names in odd
    if names
  ]
  if said:
    raise UserError(
      f'the classes of the domains differ: {"; ".join(said)}. Name those to'
      ' keep with --source_classes and --target_classes, or mend the data.'
    )
