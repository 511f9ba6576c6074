"""What adaptation changed for single examples: counts and pictures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from da_jax import changes
from da_jax.report.folder import Run
from da_jax.report.samples import thumbnail


class Change(NamedTuple):
  """One image that one of the two models gets right."""

  src: str  # data URI
  true: str
  before: str  # predicted classes
  after: str
  chance_before: float  # probabilities of the true class
  chance_after: float


class Shown(NamedTuple):
  """The section of the page."""

  repaired: int  # examples wrong before and right after
  broken: int
  both_right: int
  both_wrong: int
  most_improved: list[Change]
  most_hurt: list[Change]


def shown(run: Run) -> Shown | None:
  """Compares a run with the one before it; None where that is not there."""
  found = changes.compare(run.before_predictions, run.predictions)
  if found is None:
    return None
  images = changes.kept(run.predictions)
  names = run.results['class_names']
  pictures = [
    [_change(run, row, images[row], names) for row in rows if row in images]
    for rows in (found.repaired.tolist(), found.broken.tolist())
  ]
  return Shown(
    len(found.repaired),
    len(found.broken),
    found.both_right,
    found.both_wrong,
    *pictures,
  )


def _change(
  run: Run, row: int, image: np.ndarray, names: Sequence[str]
) -> Change:
  then, now = (
    changes.example(arrays, row)
    for arrays in (run.before_predictions, run.predictions)
  )
  return Change(
    thumbnail(image),
    names[now.label],
    names[then.guess],
    names[now.guess],
    then.truth,
    now.truth,
  )
