"""All scores of the last step's predictions, and the distances of layers."""

from collections.abc import Mapping
import math
from typing import NamedTuple

from da_jax.report import summary
from da_jax.report.folder import Run

_WORDS = {'f1': 'F1', 'calibration_error': 'calibration error (ECE)'}
# Columns of distances.csv.
DISTANCES = {'a_distance': 'proxy A-distance', 'mmd': 'MMD²', 'coral': 'CORAL'}


class Score(NamedTuple):
  """One line of the table, formatted for people; '' without a baseline."""

  name: str
  source: str  # on held-out source examples
  before: str  # on the target, by the baseline
  target: str


class Layer(NamedTuple):
  """The distances of the domains in a layer, formatted for people."""

  name: str
  width: str
  distances: list[str]  # of `DISTANCES`, each 'before → after' where both are


def table(run: Run) -> list[Score]:
  """The scores of a run; without lines where it has none."""
  found = run.results.get('scores', {})
  before = run.before_results.get('scores', {}).get('target', {})
  return [
    Score(
      _spelled(name),
      summary.percent(found['source'].get(name)),
      summary.percent(before[name]) if name in before else '',
      summary.percent(value),
    )
    for name, value in found.get('target', {}).items()
  ]


def a_distance(results: summary.Results) -> str | None:
  """The proxy A-distance of the last step's features, '1.62 → 0.94'."""
  name = 'a_distance'
  before = (results.get('baseline') or {}).get('last_scores', {}).get(name)
  after = results.get('validators', {}).get(name, {}).get('last_score')
  if after is None:
    return None
  found = [
    f'{-score + 0.0:.2f}' for score in (before, after) if score is not None
  ]
  return ' → '.join(found)


def layers(run: Run) -> list[Layer]:
  """The distances of every layer, where `experiments.distances` measured."""
  before = {line['name']: line for line in run.before_layers}
  return [
    Layer(
      line['name'],
      line['width'],
      [_pair(before.get(line['name'], {}), line, key) for key in DISTANCES],
    )
    for line in run.layers
  ]


def _spelled(name: str) -> str:
  """'f1_macro' -> 'F1, macro'."""
  for kind in ('macro', 'weighted'):
    if name.endswith(f'_{kind}'):
      return f'{_spelled(name.removesuffix(f"_{kind}"))}, {kind}'
  return _WORDS.get(name, name.replace('_', ' '))


def _pair(before: Mapping[str, str], after: Mapping[str, str], key: str) -> str:
  numbers = [line[key] for line in (before, after) if key in line]
  return ' → '.join(map(_number, numbers))


def _number(text: str) -> str:
  value = float(text)
  if math.isnan(value):
    return '–'
  # The unbiased MMD may be a little below 0; + 0.0 turns -0.0 into 0.0.
  return f'{round(value, 4) + 0.0:.4f}'.replace('-', '\N{MINUS SIGN}')
