"""Every scalar of a run over its steps."""

import math
from typing import Any, NamedTuple

import numpy as np

from da_jax.journal import VALIDATORS
from da_jax.report import figures
from da_jax.report.folder import Lines

_MARKERS = 'os^Dv'
_MANY = 2000  # points above which a line in an SVG is stored as pixels


class Group(NamedTuple):
  """Small plots of one kind."""

  title: str
  pictures: list[figures.Picture]


def series(lines: Lines) -> dict[str, np.ndarray]:
  """Collects the scalars of metrics.jsonl.

  Args:
    lines: the parsed lines, in the order of writing.

  Returns:
    Name -> float64 [n, 2], rows (step, value) by step. Where a resumed run
    wrote a step twice, the later value counts.
  """
  found: dict[str, dict[int, float]] = {}
  for line in lines:
    for name, value in line.items():
      number = isinstance(value, int | float) and not isinstance(value, bool)
      if number and name != 'step':
        found.setdefault(name, {})[line['step']] = value
  return {
    name: np.array(sorted(values.items()), dtype=np.float64)
    for name, values in found.items()
  }


def evaluation_names(lines: Lines) -> list[str]:
  """Names of the accuracies measured at evaluation, target first."""
  names = {
    name
    for line in lines
    if 'target_accuracy' in line
    or any(name.startswith('source_val') for name in line)
    for name in line
    if 'accuracy' in name and not name.startswith(VALIDATORS)
  }
  return sorted(names, key=lambda name: (name != 'target_accuracy', name))


def evaluation(
  lines: Lines, before: Lines, results: dict[str, Any]
) -> figures.Picture | None:
  """Draws the evaluation accuracies, the baseline's beside them.

  Args:
    lines: the run's metrics.
    before: the baseline's metrics, or nothing.
    results: the content of results.json.

  Returns:
    The plot, or None where nothing was evaluated.
  """
  values = series(lines)
  curves = [(n.replace('_', ' '), values[n]) for n in evaluation_names(lines)]
  if not curves:
    return None
  earlier = series(before).get('target_accuracy')
  if earlier is not None:
    curves.append(('target accuracy, source-only', earlier))
  with figures.style():
    figure = figures.new(4.6, 4.2)
    axes = figure.add_subplot()
    for i, (name, curve) in enumerate(curves):
      _accuracy_line(axes, name, curve, i, '--' if curve is earlier else '-')
    if results.get('selected_step') is not None:
      axes.axvline(
        results['selected_step'],
        color='#444444',
        linestyle=':',
        label=f'selected step {results["selected_step"]}',
      )
    axes.set(xlabel='step', ylabel='accuracy (%)')
    axes.grid(axis='y')
    figure.legend(loc='outside lower left', fontsize=9.5)
    alt = '; '.join(_spoken(name, curve) for name, curve in curves)
    return figures.svg(figure, f'Accuracies over steps: {alt}.')


def groups(lines: Lines, before: Lines) -> list[Group]:
  """Draws every other scalar on its own: accuracies, losses, the rest.

  Scores of validators have a picture of their own.

  Args:
    lines: the run's metrics.
    before: the baseline's metrics, or nothing.

  Returns:
    The groups that have plots.
  """
  earlier = series(before)
  shown = evaluation_names(lines)
  kinds = {'Training accuracies': [], 'Losses': [], 'Other scalars': []}
  for name, curve in sorted(series(lines).items()):
    if name in shown or name.startswith(VALIDATORS):
      continue
    if 'accuracy' in name:
      kind = 'Training accuracies'
    else:
      kind = 'Losses' if 'loss' in name else 'Other scalars'
    kinds[kind].append(_small(name, curve, earlier.get(name)))
  return [Group(kind, plots) for kind, plots in kinds.items() if plots]


def _accuracy_line(
  axes, name: str, curve: np.ndarray, i: int, linestyle: str
) -> None:
  """The i-th accuracy in percent; its last value stands in the legend."""
  axes.plot(
    curve[:, 0],
    100 * curve[:, 1],
    color=figures.COLOURS[i % len(figures.COLOURS)],
    linestyle=linestyle,
    marker=_MARKERS[i % len(_MARKERS)],
    markersize=5,
    markevery=max(1, len(curve) // 20),
    label=f'{name}: {100 * curve[-1, 1]:.1f} %',
  )


def _small(
  name: str, curve: np.ndarray, before: np.ndarray | None
) -> figures.Picture:
  """One scalar; NaN and infinity leave gaps, and the title says so."""
  broken = curve[~np.isfinite(curve[:, 1]), 0]
  title = name.replace('_', ' ')
  if broken.size:
    title += f'\nnot finite from step {broken[0]:.0f}'
  with figures.style():
    figure = figures.new(3.4, 2.3)
    axes = figure.add_subplot()
    if before is not None:
      axes.plot(*before.T, '--', color='#888888')
    axes.plot(
      *np.where(np.isfinite(curve), curve, math.nan).T,
      color=figures.COLOURS[0],
      marker='o' if len(curve) == 1 else None,
      rasterized=len(curve) > _MANY,
    )
    axes.set_title(title, loc='left', parse_math=False)
    axes.set_xlabel('step')
    axes.grid(axis='y')
    axes.locator_params(axis='x', nbins=5)
    return figures.svg(figure, f'{_spoken(title, curve)}.')


def _spoken(name: str, curve: np.ndarray) -> str:
  """A curve in words."""
  (first, start), (last, end) = curve[0], curve[-1]
  return (
    f'{name} from {start:.4g} at step {first:.0f} to {end:.4g} at {last:.0f}'
  )
