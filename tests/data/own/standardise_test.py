"""Numbers learnt from training rows, against NumPy by hand."""

import functools

import numpy as np
import pytest

from da_jax.data.own import standardise
from da_jax.data.pair import Examples
from da_jax.errors import UserError
from tests import toy

COLUMNS = [f'column {i}' for i in range(toy.WIDTH)]
PARTS = ('source_train', 'source_val', 'target_train', 'target_test')


def _fit(pair, missing='reject', outliers='keep', scale='source'):
  return standardise.fit(
    pair, columns=COLUMNS, missing=missing, outliers=outliers, standardise=scale
  )


def _with(pair, part, x):
  return pair._replace(**{part: getattr(pair, part)._replace(x=x)})


@pytest.fixture
def gappy():
  """A pair with gaps, infinities, outliers and a constant column."""
  pair = toy.pair()
  for seed, part in enumerate(PARTS):
    x = getattr(pair, part).x.astype(np.float64)
    rng = np.random.default_rng(seed)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[rng.random(x.shape) < 0.02] = np.inf
    x[rng.random(x.shape) < 0.02] = 100.0
    x[:, 3] = 0.1
    pair = _with(pair, part, x)
  return pair


@pytest.mark.parametrize('scale', ['source', 'domain'])
def test_standardises_by_training_rows(scale):
  pair = toy.pair()
  fitted = _fit(pair, scale=scale)
  for part in PARTS:
    learnt_from = 'source_train'
    if scale == 'domain' and part.startswith('target'):
      learnt_from = 'target_train'
    rows = getattr(pair, learnt_from).x.astype(np.float64)
    expected = (getattr(pair, part).x - rows.mean(0)) / rows.std(0)
    x = getattr(fitted, part).x
    np.testing.assert_allclose(x, expected, rtol=1e-5, atol=1e-6)
    assert x.dtype == np.float32
    assert getattr(fitted, part).y is getattr(pair, part).y
  domains = {name.split('/')[0] for name in fitted.fitted}
  assert domains == ({'source', 'target'} if scale == 'domain' else {'source'})
  np.testing.assert_allclose(
    fitted.fitted['source/mean'], pair.source_train.x.mean(0), rtol=1e-5
  )


def test_none_leaves_numbers_as_they_are():
  pair = toy.pair()
  fitted = _fit(pair, scale='none')
  np.testing.assert_array_equal(fitted.target_test.x, pair.target_test.x)
  assert not fitted.fitted


@pytest.mark.parametrize('missing', ['mean', 'median'])
def test_clips_then_fills_then_scales(gappy, missing):
  fitted = _fit(gappy, missing, 'clip')
  average = {'mean': np.mean, 'median': np.median}[missing]
  for column in range(toy.WIDTH):
    train = gappy.source_train.x[:, column]
    train = train[np.isfinite(train)]
    q1, q3 = np.percentile(train, [25, 75])
    low, high = q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)
    fill = average(np.clip(train, low, high))

    def mended(part, column=column, low=low, high=high, fill=fill):
      rows = getattr(gappy, part).x[:, column]
      return np.array(
        [min(max(v, low), high) if np.isfinite(v) else fill for v in rows]
      )

    reference = mended('source_train')
    deviation = reference.std() if column != 3 else 1.0
    for part in PARTS:
      np.testing.assert_allclose(
        getattr(fitted, part).x[:, column],
        (mended(part) - reference.mean()) / deviation,
        atol=1e-5,
      )
  assert fitted.fitted['source/std'][3] == 1.0
  np.testing.assert_allclose(fitted.fitted['source/fill'][3], 0.1)


@pytest.mark.parametrize('scale', ['source', 'domain'])
def test_rows_that_do_not_train_teach_nothing(gappy, scale):
  one = _fit(gappy, 'mean', 'clip', scale)
  other = gappy
  for part in ('source_val', 'target_test'):
    other = _with(other, part, 7.0 + 3.0 * getattr(gappy, part).x)
  if scale == 'source':
    other = _with(other, 'target_train', -gappy.target_train.x)
  two = _fit(other, 'mean', 'clip', scale)
  assert one.fitted.keys() == two.fitted.keys()
  for name, numbers in one.fitted.items():
    np.testing.assert_array_equal(numbers, two.fitted[name])
  assert not np.allclose(one.source_val.x, two.source_val.x)


def test_rare_indicators_survive_clipping():
  pair = toy.pair()
  x = pair.source_train.x.copy()
  x[:, 0] = np.arange(len(x)) % 8 == 0
  fitted = _fit(_with(pair, 'source_train', x), outliers='clip', scale='none')
  np.testing.assert_array_equal(fitted.source_train.x[:, 0], x[:, 0])
  assert fitted.fitted['source/low'][0] == -np.inf


def test_one_part_stays_one():
  pair = toy.pair()
  pair = pair._replace(target_test=pair.target_train)
  fitted = _fit(pair)
  assert fitted.target_test is fitted.target_train


def test_series_are_standardised_by_channel():
  rng = np.random.default_rng(0)
  series = lambda n: Examples(rng.normal(3.0, 2.0, (n, 5, 2)), np.zeros(n))
  pair = toy.pair()._replace(**{part: series(9) for part in PARTS})
  fitted = standardise.fit(
    pair,
    columns=['channel 0', 'channel 1'],
    missing='reject',
    outliers='keep',
    standardise='source',
  )
  train = pair.source_train.x
  for channel in range(2):
    values = train[:, :, channel].ravel()
    expected = (pair.source_val.x[..., channel] - values.mean()) / values.std()
    np.testing.assert_allclose(
      fitted.source_val.x[..., channel], expected, rtol=1e-5
    )
  assert fitted.fitted['source/mean'].shape == (2,)


def test_what_cannot_be_learnt_is_named(gappy):
  x = gappy.source_train.x.copy()
  x[:, 4] = np.nan
  with pytest.raises(UserError, match=r'training row of here .*column 4.*mean'):
    _fit(_with(gappy, 'source_train', x), 'mean')


def test_numbers_beyond_float32_are_named():
  pair = toy.pair()
  x = pair.target_test.x.astype(np.float64)
  x[2, 1] = 1e300
  with pytest.raises(UserError, match='column 1 are beyond float32'):
    _fit(_with(pair, 'target_test', x))


def test_missing_numbers_are_named():
  x = np.ones((4, 3, 2))
  reject = functools.partial(
    standardise.reject_missing,
    columns=['channel 0', 'channel 1'],
    rows=np.array([4, 6, 8, 10]),
    where='a.npz',
  )
  reject(x)
  x[2, 1, 1], x[3, 0, 0] = np.inf, np.nan
  with pytest.raises(UserError, match=r'a\.npz: row 8 .*channel 1 \(2 '):
    reject(x)


def test_settings_are_checked():
  with pytest.raises(UserError, match='--missing=zero: choose from reject'):
    standardise.check(missing='zero', outliers='keep')
