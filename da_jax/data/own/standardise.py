"""Missing values, outliers and scale of numbers, learnt from training rows.

Per column of the features or channel of the series, in this order: clipping to
[q1 - 3 (q3 - q1), q3 + 3 (q3 - q1)] of the observed values, q1 and q3 being
their quartiles; filling what is missing; (x - mean) / std.
"""

from collections.abc import Mapping, Sequence
import functools

import numpy as np

from da_jax.data.pair import DomainPair, map_x
from da_jax.errors import UserError

CHOICES = {
  'missing': ('reject', 'mean', 'median'),
  'outliers': ('keep', 'clip'),
  'standardise': ('source', 'domain', 'none'),
}
_REACH = 3.0  # quartile ranges


def check(**settings: str) -> None:
  """Raises a UserError where a setting is none of its `CHOICES`."""
  for name, value in settings.items():
    if value not in CHOICES[name]:
      raise UserError(
        f'--{name}={value}: choose from {", ".join(CHOICES[name])}.'
      )


def reject_missing(
  x: np.ndarray, columns: Sequence[str], rows: np.ndarray, where: str
) -> None:
  """Refuses NaN and infinities.

  Args:
    x: [n, ..., d] numbers.
    columns: names of the d columns or channels.
    rows: [n] what the file calls these rows.
    where: the file.

  Raises:
    UserError: there is one; names the first.
  """
  odd = np.argwhere(~np.isfinite(x))
  if len(odd):
    row, *_, column = odd[0]
    raise UserError(
      f'{where}: row {rows[row]} has no finite number in {columns[column]}'
      f' ({len(odd)} are missing in all): mend the file or choose'
      ' --missing=mean or --missing=median.'
    )


def fit(
  pair: DomainPair,
  *,
  columns: Sequence[str],
  missing: str,
  outliers: str,
  standardise: str,
) -> DomainPair:
  """Learns numbers from training rows and applies them to all parts.

  Args:
    pair: x are numbers [n, ..., d]; those that are not finite are missing.
    columns: names of the d columns or channels.
    missing: 'mean' or 'median' of the observed values fills; 'reject' has
      been seen to by `reject_missing`.
    outliers: 'keep' or 'clip'. Columns of equal quartiles, such as rare
      indicators, are kept.
    standardise: 'source' learns all numbers from the source's training rows;
      'domain' learns them from each domain's own; 'none' as 'source', but
      neither shifts nor scales.

  Returns:
    The pair with float32 x; `fitted` holds '<domain>/<number>' [d].

  Raises:
    UserError: a column has no value to learn from, or is beyond float32.
  """
  learn = functools.partial(
    _learn, missing=missing, outliers=outliers, scale=standardise != 'none'
  )
  own = ('source', 'target') if standardise == 'domain' else ('source',)
  learnt = {}
  for domain in own:
    x = getattr(pair, f'{domain}_train').x
    _check_observed(x, columns, getattr(pair, domain), missing)
    learnt[domain] = learn(x)
  transform = functools.partial(_apply, columns=columns)
  pair = map_x(
    pair,
    functools.partial(transform, learnt[own[0]]),
    functools.partial(transform, learnt[own[-1]]),
  )
  fitted = {
    f'{domain}/{name}': array
    for domain, numbers in learnt.items()
    for name, array in numbers.items()
  }
  return pair._replace(fitted=fitted)


def apply(
  fitted: Mapping[str, np.ndarray], x: np.ndarray, columns: Sequence[str]
) -> np.ndarray:
  """Does to new examples of the target what `fit` did to its parts.

  Args:
    fitted: of the pair.
    x: numbers [n, ..., d].
    columns: names of the d columns or channels.

  Returns:
    float32 [n, ..., d].

  Raises:
    UserError: a number is beyond float32.
  """
  own = any(name.startswith('target/') for name in fitted)
  prefix = 'target/' if own else 'source/'
  numbers = {
    name.removeprefix(prefix): array
    for name, array in fitted.items()
    if name.startswith(prefix)
  }
  return _apply(numbers, x, columns)


def _learn(
  x: np.ndarray, missing: str, outliers: str, scale: bool
) -> dict[str, np.ndarray]:
  x = _observed(x).reshape(-1, x.shape[-1])
  numbers = {}
  if outliers == 'clip':
    q1, q3 = np.nanpercentile(x, [25, 75], axis=0)
    reach = np.where(q3 > q1, _REACH * (q3 - q1), np.inf)
    numbers |= {'low': q1 - reach, 'high': q3 + reach}
    x = np.clip(x, q1 - reach, q3 + reach)
  if missing != 'reject':
    average = np.nanmean if missing == 'mean' else np.nanmedian
    numbers['fill'] = average(x, axis=0)
    x = np.where(np.isnan(x), numbers['fill'], x)
  if scale:
    # The deviation of equal values is not 0 but their rounding error.
    constant = x.max(axis=0) == x.min(axis=0)
    numbers['mean'] = x.mean(axis=0)
    numbers['std'] = np.where(constant, 1.0, x.std(axis=0))
  return numbers


def _apply(
  numbers: Mapping[str, np.ndarray], x: np.ndarray, columns: Sequence[str]
) -> np.ndarray:
  x = _observed(x)
  if 'low' in numbers:
    x = np.clip(x, numbers['low'], numbers['high'])
  if 'fill' in numbers:
    x = np.where(np.isnan(x), numbers['fill'], x)
  if 'mean' in numbers:
    x = (x - numbers['mean']) / numbers['std']
  with np.errstate(over='ignore'):
    x = x.astype(np.float32)
  finite = np.isfinite(x).reshape(-1, x.shape[-1]).all(axis=0)
  if not finite.all():
    raise UserError(
      f'the numbers of {columns[np.argmin(finite)]} are beyond float32: scale'
      ' them or drop them.'
    )
  return x


def _observed(x: np.ndarray) -> np.ndarray:
  """float64 with NaN for all that is missing."""
  x = x.astype(np.float64)
  return np.where(np.isfinite(x), x, np.nan)


def _check_observed(x, columns, domain, missing) -> None:
  seen = np.isfinite(x).reshape(-1, x.shape[-1]).any(axis=0)
  if not seen.all():
    raise UserError(
      f'no training row of {domain} has a number in'
      f' {columns[np.argmin(seen)]}: there is no {missing} to fill with.'
    )
