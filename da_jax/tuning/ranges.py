"""What a sweep tries: ranges and lists of values, as optuna's distributions."""

from collections.abc import Mapping
import json
import math
from typing import Any

from absl import flags
from optuna import Trial, distributions

from da_jax.errors import UserError

Ranges = Mapping[str, distributions.BaseDistribution]
_EDGE = 0.05
_LIKE = (
  '--tune=learning_rate:1e-4..1e-1:log, --tune=kernels:1..9 or'
  ' --tune=bottleneck:64,128,256'
)


def parse(
  name: str, text: str, parser: flags.ArgumentParser
) -> distributions.BaseDistribution:
  """'1e-4..1e-1:log' -> a range, '64,128' -> a list.

  Args:
    name: of the flag.
    text: what to try; of a flag that is a whole number the ends may be drawn.
    parser: of the flag's values.

  Raises:
    UserError: it is neither, or the flag does not take it.
  """
  ends, _, scale = text.partition(':')
  if '..' not in ends:
    values = [value.strip() for value in text.split(',')]
    if '' in values or len(set(values)) < 2 or len(set(values)) < len(values):
      raise UserError(f'--tune={name}:{text} is not like {_LIKE}.')
    for value in values:
      _value(name, value, parser)
    return distributions.CategoricalDistribution(values)
  low, high = (_value(name, end, parser) for end in ends.split('..', 1))
  whole = isinstance(parser, flags.IntegerParser)
  if not whole and not isinstance(parser, flags.FloatParser):
    raise UserError(f'--{name} is not a number: list values, {name}:a,b,c.')
  finite = math.isfinite(low) and math.isfinite(high)
  if scale not in ('', 'log') or not finite or not low < high:
    raise UserError(f'--tune={name}:{text} is not like {_LIKE}.')
  if scale and low <= 0:
    raise UserError(f'--tune={name}:{text}: a logarithmic range is above 0.')
  if whole:
    return distributions.IntDistribution(low, high, log=bool(scale))
  return distributions.FloatDistribution(low, high, log=bool(scale))


def suggest(trial: Trial, ranges: Ranges) -> dict[str, str]:
  """What a trial tries, as the words of flags; drawn once and kept."""
  return {name: _drawn(trial, name, of) for name, of in ranges.items()}


def to_json(ranges: Ranges) -> dict[str, Any]:
  """The record of the ranges."""
  return {
    name: json.loads(distributions.distribution_to_json(of))
    for name, of in ranges.items()
  }


def from_json(record: Mapping[str, Any]) -> dict:
  """The ranges of a record."""
  return {
    name: distributions.json_to_distribution(json.dumps(of))
    for name, of in record.items()
  }


def count(ranges: Ranges, sampler: str, wanted: int) -> int:
  """How many trials there will be: of a grid no more than it has points.

  Raises:
    UserError: there is no grid of ranges.
  """
  if sampler != 'grid':
    return wanted
  for name, of in ranges.items():
    if not isinstance(of, distributions.CategoricalDistribution):
      raise UserError(f'--sampler=grid takes lists: --tune={name}:a,b,c.')
  return min(wanted, math.prod(len(of.choices) for of in ranges.values()))


def is_at_edge(of: distributions.BaseDistribution, value: Any) -> bool:
  """Whether a value is within 5 % of an end of its range; lists have none."""
  if isinstance(of, distributions.CategoricalDistribution):
    return False
  place = share(of, value)
  return min(place, 1 - place) < _EDGE


def share(of: distributions.BaseDistribution, value: Any) -> float:
  """Where a value lies in its range or list, from 0 to 1."""
  if isinstance(of, distributions.CategoricalDistribution):
    return of.choices.index(value) / (len(of.choices) - 1)
  scale = math.log if of.log else float
  low, high = scale(of.low), scale(of.high)
  return (scale(value) - low) / (high - low)


def shown(values: Mapping[str, Any]) -> str:
  """Values for people, numbers to four digits."""
  words = (
    f'{name}={value if isinstance(value, str) else format(value, ".4g")}'
    for name, value in values.items()
  )
  return ' '.join(words)


def words(of: distributions.BaseDistribution) -> str:
  """A range for people: '0.0001 to 0.1, logarithmic' or '64, 128, 256'."""
  if isinstance(of, distributions.CategoricalDistribution):
    return ', '.join(of.choices)
  return f'{of.low:g} to {of.high:g}' + (', logarithmic' if of.log else '')


def _drawn(trial, name: str, of: distributions.BaseDistribution) -> str:
  if isinstance(of, distributions.CategoricalDistribution):
    return trial.suggest_categorical(name, of.choices)
  if isinstance(of, distributions.IntDistribution):
    return str(trial.suggest_int(name, of.low, of.high, log=of.log))
  return repr(trial.suggest_float(name, of.low, of.high, log=of.log))


def _value(name: str, text: str, parser: flags.ArgumentParser):
  try:
    return parser.parse(text.strip())
  except (TypeError, ValueError) as error:
    raise UserError(f'--tune={name}: {text} is no value: {error}.') from error
