import numpy as np
import pytest
from scipy import stats

from da_jax.data.pair import Examples
from da_jax.data.published import zscore
from tests import toy


def _counts(examples, seed):
  rng = np.random.default_rng(seed)
  x = rng.poisson(3.0, (len(examples.y), 6)).astype(np.uint8)
  x[:, 0] += seed  # no row is empty, and the domains differ
  return Examples(x, examples.y)


@pytest.fixture
def pair():
  pair = toy.pair()
  names = ('source_train', 'source_val', 'target_train', 'target_test')
  return pair._replace(
    **{n: _counts(getattr(pair, n), i) for i, n in enumerate(names, start=1)}
  )


def _shares(x):
  return x / x.sum(1, keepdims=True, dtype=np.float64)


@pytest.mark.parametrize('part', ['source_train', 'target_train'])
def test_training_rows_are_z_scores_of_shares(pair, part):
  fitted = getattr(zscore.fit(pair), part)
  expected = stats.zscore(_shares(getattr(pair, part).x), axis=0)
  np.testing.assert_allclose(fitted.x, expected, rtol=1e-4, atol=1e-6)
  assert fitted.x.dtype == np.float32
  np.testing.assert_array_equal(fitted.y, getattr(pair, part).y)


@pytest.mark.parametrize(
  ('part', 'train'),
  [('source_val', 'source_train'), ('target_test', 'target_train')],
)
def test_other_rows_use_what_their_domain_trains_on(pair, part, train):
  shares = _shares(getattr(pair, train).x)
  rows = _shares(getattr(pair, part).x)
  expected = (rows - shares.mean(0)) / shares.std(0)
  fitted = zscore.fit(pair)
  np.testing.assert_allclose(
    getattr(fitted, part).x, expected, rtol=1e-4, atol=1e-6
  )
  domain = part.partition('_')[0]
  np.testing.assert_allclose(
    fitted.fitted[f'{domain}/mean'], shares.mean(0), rtol=1e-6
  )
  np.testing.assert_allclose(
    fitted.fitted[f'{domain}/std'], shares.std(0), rtol=1e-6
  )


def test_constant_features_and_empty_rows_stay_finite(pair):
  x = pair.source_train.x.copy()
  x[:, 3], x[5] = 0, 0
  fitted = zscore.fit(
    pair._replace(source_train=pair.source_train._replace(x=x))
  )
  assert np.isfinite(fitted.source_train.x).all()
  assert (fitted.source_train.x[:, 3] == 0).all()
  assert fitted.fitted['source/std'][3] == 1


def test_negative_features_count_by_their_size(pair):
  signs = np.array([1, -1, 1, -1, 1, -1])
  x = pair.target_train.x * signs
  fitted = zscore.fit(
    pair._replace(target_train=pair.target_train._replace(x=x))
  )
  np.testing.assert_allclose(
    fitted.target_train.x, zscore.fit(pair).target_train.x * signs, atol=1e-6
  )


def test_a_target_that_trains_and_tests_stays_one(pair):
  fitted = zscore.fit(pair._replace(target_test=pair.target_train))
  assert fitted.target_test is fitted.target_train


def test_new_rows_become_what_those_of_the_target_became(pair):
  fitted = zscore.fit(pair)
  np.testing.assert_array_equal(
    zscore.apply(fitted.fitted, pair.target_test.x), fitted.target_test.x
  )
