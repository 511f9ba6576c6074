"""Which classes are taken for which: matrices, accuracies, frequent errors."""

from collections.abc import Sequence
import math
from typing import NamedTuple

import numpy as np

from da_jax.report import figures, summary

_FEW = 12  # classes up to which cells carry numbers and two matrices fit a row
_FEW_SIZE = (4.8, 4.7)  # inches


class ClassAccuracy(NamedTuple):
  """The accuracy on one class of the target test set, in [0, 1]."""

  name: str
  after: float
  before: float  # NaN without a baseline
  gain: float  # points, NaN without a baseline


class Mistake(NamedTuple):
  """Examples of one class that were predicted as another."""

  true: str
  predicted: str
  count: int
  share: float  # of the examples of the true class


def is_wide(confusion: np.ndarray) -> bool:
  """Whether a matrix [k, k] needs the width of the page."""
  return len(confusion) > _FEW


def rates(confusion: np.ndarray) -> np.ndarray:
  """Row-normalises counts [k, k]; rows of absent classes become NaN."""
  totals = confusion.sum(axis=1, keepdims=True).astype(np.float64)
  totals[totals == 0] = math.nan
  return confusion / totals


def per_class(
  after: np.ndarray, before: np.ndarray | None, names: Sequence[str]
) -> list[ClassAccuracy]:
  """Accuracies of the classes that occur, largest gain first.

  Args:
    after: int [k, k], rows true, columns predicted.
    before: the same of the baseline, or None.
    names: the k classes.

  Returns:
    One entry a class with test examples; without a baseline best class first.
  """
  now = np.diag(rates(after))
  then = (
    np.full_like(now, math.nan) if before is None else np.diag(rates(before))
  )
  entries = [
    ClassAccuracy(name, float(a), float(b), summary.points(a, b))
    for name, a, b in zip(names, now, then, strict=True)
    if not math.isnan(a)
  ]
  if before is None:
    return sorted(entries, key=lambda entry: -entry.after)
  return sorted(entries, key=lambda entry: (-entry.gain, -entry.after))


def frequent_mistakes(
  confusion: np.ndarray, names: Sequence[str], limit: int = 8
) -> list[Mistake]:
  """The most frequent errors.

  Args:
    confusion: int [k, k], rows true, columns predicted.
    names: the k classes.
    limit: how many at most.

  Returns:
    Pairs that occur, most examples first.
  """
  errors = confusion - np.diag(np.diag(confusion))
  share = rates(confusion)
  order = np.argsort(-errors, axis=None, kind='stable')[:limit]
  pairs = [divmod(int(i), len(confusion)) for i in order]
  return [
    Mistake(names[t], names[p], int(errors[t, p]), float(share[t, p]))
    for t, p in pairs
    if errors[t, p] > 0
  ]


def matrix(
  confusion: np.ndarray, names: Sequence[str], title: str
) -> figures.Picture:
  """Draws a row-normalised confusion matrix.

  Args:
    confusion: int [k, k], rows true, columns predicted.
    names: the k classes.
    title: stands above it.

  Returns:
    The plot, wider the more classes there are.
  """
  k = len(confusion)
  share = 100 * rates(confusion)
  labels = [figures.shorten(name) for name in names]
  with figures.style():
    figure = figures.new(*(_FEW_SIZE if k <= _FEW else _wide_size(k)))
    axes = figure.add_subplot()
    image = axes.imshow(
      share, cmap=_colours(), vmin=0, vmax=100, interpolation='nearest'
    )
    font = {'fontsize': 9.5 if k <= _FEW else 7, 'parse_math': False}
    turned = 90 if max(map(len, labels)) > 2 else 0
    axes.set_xticks(range(k), labels, rotation=turned, **font)
    axes.set_yticks(range(k), labels, **font)
    axes.tick_params(length=0, pad=2)
    axes.set(xlabel='predicted class', ylabel='true class')
    axes.set_title(title, parse_math=False)
    accuracy = summary.percent(np.trace(confusion) / confusion.sum())
    alt = f'Confusion matrix of {k} classes, {title}; {accuracy} are right.'
    if k <= _FEW:
      _write_cells(axes, share)
      return figures.svg(figure, alt)
    figure.colorbar(
      image, label='% of the true class', shrink=0.5, fraction=0.03, pad=0.01
    )
    return figures.png(figure, alt)


def _wide_size(k: int) -> tuple[float, float]:
  """Inches in which every class has a line of its own, names included."""
  return 1.75 + 0.122 * k, 1.55 + 0.122 * k


def _colours():
  """Light to dark blue; classes without examples are grey."""
  from matplotlib import colormaps

  return colormaps['Blues'].with_extremes(bad='#e4e4e4')


def _write_cells(axes, share: np.ndarray) -> None:
  """Writes the percentages into cells that would not show 0."""
  for (row, column), value in np.ndenumerate(share):
    if value >= 0.5:
      axes.text(
        column,
        row,
        f'{value:.0f}',
        ha='center',
        va='center',
        fontsize=9,
        color='white' if value > 55 else '#222222',
      )
