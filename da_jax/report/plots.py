"""Small plots of one scalar over steps, the same in all pages."""

from collections.abc import Sequence
import math
from typing import NamedTuple

import numpy as np

from da_jax.report import figures

_MANY = 2000  # points above which a line in an SVG is stored as pixels
BEFORE = {'color': '#777777', 'linestyle': '--'}  # of a run compared with
NOW = {'color': figures.COLOURS[0]}


class Line(NamedTuple):
  """One curve of a plot."""

  curve: np.ndarray  # float64 [n, 2], rows (step, value) by step
  look: dict[str, str]  # of matplotlib
  name: str = ''  # where there are several to tell apart


def small(
  title: str,
  lines: Sequence[Line],
  *,
  level: float | None = None,
  chosen: int | None = None,
  bold: bool = False,
) -> figures.Picture:
  """Draws curves of one scalar; NaN and infinity leave gaps.

  Args:
    title: stands above, and says where values are not finite.
    lines: all that have a name are put into words, else the last.
    level: a value to compare with, dotted.
    chosen: a step of the last line to mark with a point.
    bold: whether the title is.
  """
  last = lines[-1].curve
  steps = np.concatenate([c[~np.isfinite(c[:, 1]), 0] for c, *_ in lines])
  if steps.size:
    title += f'\nnot finite from step {steps.min():.0f}'
  with figures.style():
    figure = figures.new(3.4, 2.3)
    axes = figure.add_subplot()
    for curve, look, _ in lines:
      axes.plot(
        *np.where(np.isfinite(curve), curve, math.nan).T,
        **look,
        marker='o' if len(curve) == 1 else None,
        rasterized=len(curve) > _MANY,
      )
    if level is not None:
      axes.axhline(level, color='#333333', linestyle=':')
    axes.plot(
      *last[last[:, 0] == chosen].T, 'o', color=figures.COLOURS[3], zorder=3
    )
    weight = 'bold' if bold else 'normal'
    axes.set_title(title, loc='left', parse_math=False, fontweight=weight)
    axes.set_xlabel('step')
    axes.grid(axis='y')
    axes.locator_params(axis='x', nbins=5, integer=True)
    alt = '; '.join(
      spoken(line.name, line.curve) for line in lines if line.name
    )
    alt = f'{title}: {alt}' if alt else spoken(title, last)
    return figures.svg(figure, f'{alt}.')


def spoken(name: str, curve: np.ndarray) -> str:
  """A curve in words."""
  (first, start), (last, end) = curve[0], curve[-1]
  return (
    f'{name} from {start:.4g} at step {first:.0f} to {end:.4g} at {last:.0f}'
  )
