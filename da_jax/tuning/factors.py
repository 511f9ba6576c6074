"""Settings of an ablation, and what each factor does on average.

A setting is one value of each factor. The effect of a value is the mean
accuracy of all settings that have it; its spread is that over seeds, as each
seed sees all these settings.
"""

from collections.abc import Mapping, Sequence
import itertools
import statistics
from typing import Any, NamedTuple

from da_jax.errors import UserError
from da_jax.selection.statistics import Summary, summarise

Setting = tuple[str, ...]  # a value of each factor, in their order


class Factor(NamedTuple):
  """What an ablation varies."""

  name: str  # of a flag
  values: tuple[str, ...]


class Run(NamedTuple):
  """One cell of an ablation."""

  setting: Setting
  seed: int
  results: Mapping[str, Any] | None  # None: it failed
  failure: str = ''


def parse(text: str) -> Factor:
  """'bottleneck:128,256' -> Factor('bottleneck', ('128', '256')).

  Raises:
    UserError: it is not like that, or a value is there twice.
  """
  name, _, listed = text.partition(':')
  values = tuple(value.strip() for value in listed.split(','))
  if not name or '' in values:
    raise UserError(f'--vary={text} is not like --vary=bottleneck:128,256.')
  if len(set(values)) < len(values):
    raise UserError(f'--vary={text} names a value twice.')
  return Factor(name, values)


def grid(factors: Sequence[Factor]) -> list[Setting]:
  """All settings."""
  return list(itertools.product(*(factor.values for factor in factors)))


def one_at_a_time(factors: Sequence[Factor], base: Setting) -> list[Setting]:
  """The base, and what differs from it in one factor."""
  settings = [base]
  for place, factor in enumerate(factors):
    others = [value for value in factor.values if value != base[place]]
    settings += [(*base[:place], v, *base[place + 1 :]) for v in others]
  return settings


def with_base(factors: Sequence[Factor], base: Setting) -> list[Factor]:
  """The factors with the values of the base, which come first if added."""
  return [
    factor
    if value in factor.values
    else Factor(factor.name, (value, *factor.values))
    for factor, value in zip(factors, base, strict=True)
  ]


def accuracy(run: Run, which: str) -> float | None:
  """On the target test set, in [0, 1].

  Args:
    run: of an ablation.
    which: 'last', 'selected' or 'oracle'.
  """
  return run.results and run.results['target_accuracy'][which]


def effect(
  runs: Sequence[Run], place: int, which: str
) -> dict[str, Summary | None]:
  """Over seeds, the mean accuracy of the settings with each value.

  Args:
    runs: all settings with all seeds.
    place: of the factor.
    which: as of `accuracy`.

  Returns:
    By value; seeds of which a run failed are left out, None: that are all.
  """
  found: dict[str, dict[int, list[float | None]]] = {}
  for run in runs:
    seeds = found.setdefault(run.setting[place], {})
    seeds.setdefault(run.seed, []).append(accuracy(run, which))
  effects = {}
  for value, seeds in found.items():
    means = [statistics.fmean(s) for s in seeds.values() if None not in s]
    effects[value] = summarise(means) if means else None
  return effects


def interaction(
  runs: Sequence[Run], first: int, second: int, which: str
) -> dict[tuple[str, str], float | None]:
  """Mean accuracy of the runs with each pair of values.

  Args:
    runs: all settings with all seeds.
    first: place of a factor.
    second: of another.
    which: as of `accuracy`.

  Returns:
    By pair, None where a run failed.
  """
  found: dict[tuple[str, str], list[float | None]] = {}
  for run in runs:
    pair = (run.setting[first], run.setting[second])
    found.setdefault(pair, []).append(accuracy(run, which))
  return {
    pair: None if None in values else statistics.fmean(values)
    for pair, values in found.items()
  }


def around(runs: Sequence[Run], place: int, base: Setting) -> list[Run]:
  """The runs that differ from the base in no factor but one."""
  others = without(base, place)
  return [run for run in runs if without(run.setting, place) == others]


def without(setting: Setting, place: int) -> Setting:
  """The values of all factors but one."""
  return (*setting[:place], *setting[place + 1 :])
