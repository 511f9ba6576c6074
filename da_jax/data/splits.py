"""Parts of a labelled set, drawn by class from a seed."""

import numpy as np

from da_jax.errors import UserError


def hold_out(
  y: np.ndarray, fraction: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
  """Splits by class: every class of two or more is on both sides.

  Of the `n` examples of a class, `round(fraction * n)` are held out, at least
  one and at most `n - 1`.

  Args:
    y: [n] labels.
    fraction: of every class to hold out, between 0 and 1.
    seed: of the draw.

  Returns:
    Indices kept and indices held out, int64, each ascending.

  Raises:
    UserError: no class has two examples.
  """
  if not 0 < fraction < 1:
    raise ValueError(f'fraction must be between 0 and 1, not {fraction}')
  rng = np.random.default_rng(seed)
  held = np.zeros(len(y), bool)
  for label in np.unique(y):
    members = rng.permutation(np.flatnonzero(y == label))
    count = max(1, round(fraction * len(members)))
    held[members[: min(count, len(members) - 1)]] = True
  if not held.any():
    raise UserError(
      f'{len(y)} source examples and no class with two of them: none can be'
      ' held out for validation.'
    )
  return np.flatnonzero(~held), np.flatnonzero(held)


def few_labels(y: np.ndarray, per_class: int, seed: int) -> np.ndarray:
  """Draws as many examples of every class.

  Args:
    y: [n] labels, 0 to the number of classes less one.
    per_class: examples to draw of each.
    seed: of the draw.

  Returns:
    Their indices, int64 [classes * per_class], ascending.

  Raises:
    UserError: a class has fewer.
  """
  rng = np.random.default_rng(seed)
  drawn = []
  for label, count in enumerate(np.bincount(y)):
    if count < per_class:
      raise UserError(
        f'{per_class} labels a class are asked for, but class {label} has'
        f' {count} examples.'
      )
    members = np.flatnonzero(y == label)
    drawn.append(rng.choice(members, per_class, replace=False))
  return np.sort(np.concatenate(drawn))
