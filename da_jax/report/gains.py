"""What each method gains over source-only, task by task."""

import statistics

from da_jax.report import figures, paired, summary
from da_jax.report.matrix import Rows

_MARKERS = 'os^Dv<>P*X'


def by_task(rows: Rows) -> dict[str, dict[tuple[str, str], float]]:
  """Mean difference over seeds at the last step, by method and task.

  Args:
    rows: of `matrix.row`; pairs are those of `paired.pairs`.

  Returns:
    Differences of shares in [-1, 1]; methods without pairs are left out.
  """
  found: dict[str, dict[tuple[str, str], list[float]]] = {}
  for method in dict.fromkeys(row['method'] for row in rows):
    pairs = paired.pairs(rows, method, 'last')
    for (source, target, _), (after, before) in pairs.items():
      gains = found.setdefault(method, {})
      gains.setdefault((source, target), []).append(after - before)
  return {
    method: {task: statistics.fmean(values) for task, values in gains.items()}
    for method, gains in found.items()
  }


def plot(rows: Rows) -> figures.Picture | None:
  """Draws the gains, a line each task; None where nothing is compared."""
  found = by_task(rows)
  if not found:
    return None
  tasks = list(dict.fromkeys((row['source'], row['target']) for row in rows))
  step = 0.7 / len(found)  # of lines that are 1 apart
  with figures.style():
    figure = figures.new(4.6, 1.1 + max(0.34, 0.15 * len(found)) * len(tasks))
    axes = figure.subplots()
    for place, (method, gains) in enumerate(found.items()):
      shift = (place - (len(found) - 1) / 2) * step
      axes.plot(
        [100 * gain for gain in gains.values()],
        [tasks.index(task) + shift for task in gains],
        _MARKERS[place % len(_MARKERS)],
        color=figures.COLOURS[place % len(figures.COLOURS)],
        markersize=6,
        label=summary.display_name(method),
      )
    axes.axvline(0, color='#1c1c1c', linewidth=1)
    axes.set_yticks(
      range(len(tasks)),
      [
        f'{figures.shorten(s, 14)} → {figures.shorten(t, 14)}' for s, t in tasks
      ],
    )
    axes.set_ylim(len(tasks) - 0.5, -0.5)
    axes.set_xlabel('points above source-only, last step')
    axes.grid(axis='both')
    figure.legend(loc='outside upper center', ncols=min(4, len(found)))
    return figures.svg(figure, _alt(found))


def _alt(found: dict[str, dict[tuple[str, str], float]]) -> str:
  parts = [
    f'{method} {100 * min(gains.values()):.1f} to'
    f' {100 * max(gains.values()):.1f}'
    for method, gains in found.items()
  ]
  return f'Points above source-only over tasks: {"; ".join(parts)}.'
