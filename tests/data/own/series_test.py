"""Time series from files."""

import numpy as np
import pytest

from da_jax import data
from da_jax.errors import UserError
from tests import short


def _save(path, n=40, time=16, channels=2, seed=0, **changes):
  rng = np.random.default_rng(seed)
  y = rng.integers(2, size=n)
  phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
  steps = np.arange(time)[None, :, None]
  x = np.sin((0.4 + y[:, None, None]) * steps + phase) * np.arange(
    1.0, channels + 1
  )
  np.savez(path, **({'x': x, 'y': y} | changes))


def _load(folder, **options):
  return data.load(
    'series', data_dir=folder, source='a.npz', target='b.npz', **options
  )


@pytest.fixture
def folder(tmp_path):
  _save(tmp_path / 'a.npz')
  _save(tmp_path / 'b.npz', 30, seed=1)
  return tmp_path


def test_reads_series_and_scales_channels(folder):
  pair = _load(folder)
  assert pair.backbone == 'conv1d' and pair.class_names == ('0', '1')
  with np.load(folder / 'a.npz') as file:
    whole = file['x']
  train = whole[pair.split['source_train']].reshape(-1, 2)
  expected = (whole[pair.split['source_val']] - train.mean(0)) / train.std(0)
  np.testing.assert_allclose(pair.source_val.x, expected, atol=1e-5)
  assert pair.prepare(pair.target_test.x).shape == (30, 16, 2)


def test_two_dimensions_are_one_channel(folder):
  _save(folder / 'a.npz', x=np.arange(640.0).reshape(40, 16))
  _save(folder / 'b.npz', 30, channels=1)
  pair = _load(folder, standardise='none')
  np.testing.assert_array_equal(
    pair.source_train.x[..., 0],
    np.arange(640.0).reshape(40, 16)[pair.split['source_train']],
  )


def test_fills_gaps_by_channel(folder):
  with np.load(folder / 'b.npz') as file:
    x = file['x'].copy()
  x[3, 5, 1] = np.nan
  _save(folder / 'b.npz', 30, seed=1, x=x)
  with pytest.raises(UserError, match=r'b\.npz: row 3 .*channel 1'):
    _load(folder)
  pair = _load(folder, missing='mean', standardise='none')
  mean = pair.source_train.x[..., 1].mean()
  np.testing.assert_allclose(pair.target_test.x[3, 5, 1], mean, atol=1e-6)


def test_training_lowers_the_loss(folder):
  before, after = short.losses(_load(folder))
  assert after < 0.7 * before


@pytest.mark.parametrize(
  ('changes', 'culprit'),
  [
    ({'channels': 3}, r'a\.npz have 3 channels, .*b\.npz 2'),
    ({'time': 12}, r'a\.npz have 12 steps, .*b\.npz 16'),
    ({'x': np.zeros(40)}, r'\(40,\).*\[n, time, channels\]'),
    ({'y': np.zeros(40)}, 'class 0 alone'),
  ],
)
def test_what_does_not_fit_is_named(folder, changes, culprit):
  _save(folder / 'a.npz', **changes)
  with pytest.raises(UserError, match=culprit):
    _load(folder)


def test_other_files_are_refused(folder):
  (folder / 'a.csv').write_text('x')
  with pytest.raises(UserError, match=r"a\.csv ends with '\.csv': .*\.npz"):
    data.load('series', data_dir=folder, source='a.csv', target='b.npz')
