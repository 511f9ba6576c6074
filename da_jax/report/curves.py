"""Every scalar of a run over its steps."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from da_jax.journal import VALIDATORS
from da_jax.report import figures, plots, summary
from da_jax.report.folder import Lines, Run

_MARKERS = 'os^Dv'
_COSTS = 'Time and memory'
# By the words in a name; the first that fits.
_KINDS = {
  'Training accuracies': ('accuracy',),
  'Losses': ('loss',),
  'Strength and gradients': ('strength', 'weight', 'gradient'),
  _COSTS: ('seconds', 'second', 'wait', 'compil', 'memory'),
}
_OTHERS = 'Other scalars'
# Of the target's test set and of the source's held-out part.
EVALUATED = ('target_accuracy', 'validation_accuracy')
_CHANCE = 'domain_accuracy'  # 0.5 where the critic cannot tell domains apart


class Group(NamedTuple):
  """Small plots of one kind."""

  title: str
  pictures: list[figures.Picture]
  aside: bool  # says nothing of learning


def is_aside(kind: str) -> bool:
  """Whether plots of a kind are shown on demand only."""
  return kind == _COSTS


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


def kinds(names: Iterable[str]) -> dict[str, list[str]]:
  """Sorts names of scalars into titled groups, empty ones left out."""
  found: dict[str, list[str]] = {kind: [] for kind in (*_KINDS, _OTHERS)}
  for name in sorted(names):
    fitting = (
      k for k, words in _KINDS.items() if any(w in name for w in words)
    )
    found[next(fitting, _OTHERS)].append(name)
  return {kind: members for kind, members in found.items() if members}


def titled(name: str) -> tuple[str, float | None]:
  """What stands above the plot of a scalar, and a level to compare with."""
  title = name.replace('_', ' ')
  if name.endswith(_CHANCE):
    return f'{title} (dotted: chance)', 0.5
  return title, None


def evaluation(run: Run) -> figures.Picture | None:
  """Draws the evaluation accuracies, the baseline's beside them.

  Returns:
    The plot, or None where nothing was evaluated.
  """
  values = series(run.metrics)
  names = evaluation_names(run.metrics)
  curves = [(n.replace('_', ' '), values[n]) for n in names]
  if not curves:
    return None
  earlier = series(run.before_metrics).get('target_accuracy')
  if earlier is not None:
    name = summary.display_name(run.results['baseline']['method'])
    curves.append((f'target accuracy, {name}', earlier))
  with figures.style():
    figure = figures.new(4.6, 4.2)
    axes = figure.add_subplot()
    for i, (name, curve) in enumerate(curves):
      _accuracy_line(axes, name, curve, i, '--' if curve is earlier else '-')
    if run.results.get('selected_step') is not None:
      axes.axvline(
        run.results['selected_step'],
        color='#444444',
        linestyle=':',
        label=f'selected step {run.results["selected_step"]}',
      )
    axes.set(xlabel='step', ylabel='accuracy (%)')
    axes.grid(axis='y')
    figure.legend(loc='outside lower left', fontsize=9.5)
    alt = '; '.join(plots.spoken(name, curve) for name, curve in curves)
    return figures.svg(figure, f'Accuracies over steps: {alt}.')


def groups(run: Run) -> list[Group]:
  """Draws every other scalar on its own, the baseline's behind it.

  Scores of validators have pictures of their own.

  Returns:
    The groups that have plots.
  """
  found, earlier = series(run.metrics), series(run.before_metrics)
  shown = evaluation_names(run.metrics)
  rest = [n for n in found if n not in shown and not n.startswith(VALIDATORS)]
  return [
    Group(
      kind, [_alone(name, found, earlier) for name in names], is_aside(kind)
    )
    for kind, names in kinds(rest).items()
  ]


def pair(
  name: str, found: dict[str, Any], earlier: dict[str, Any]
) -> list[plots.Line]:
  """The curve of a scalar on top of that of the run before, if it has one."""
  lines = [plots.Line(found[name], plots.NOW)]
  if name in earlier:
    lines.insert(0, plots.Line(earlier[name], plots.BEFORE))
  return lines


def _alone(name, found, earlier) -> figures.Picture:
  title, level = titled(name)
  return plots.small(title, pair(name, found, earlier), level=level)


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
