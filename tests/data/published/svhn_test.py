import numpy as np
import pytest
from scipy import io

from da_jax import data
from da_jax.data.published import svhn, syn_digits
from da_jax.errors import UserError

N = {'train': 23, 'test': 11}
NAMES = {svhn: '{}_32x32.mat', syn_digits: 'synth_{}_32x32.mat'}
FOLDERS = {svhn: 'svhn', syn_digits: 'syn_digits'}


def _digits(n):
  """Images and labels 0 to 9, in the order of Python."""
  rng = np.random.default_rng(n)
  x = rng.integers(0, 256, (n, 32, 32, 3)).astype(np.uint8)
  return x, np.arange(n) % 10


def _published(x, y, reader):
  """The form of the .mat files: the number last, and SVHN's 10 for 0."""
  if reader is svhn:
    y = np.where(y == 0, 10, y)
  return {'X': np.stack(list(x), axis=3), 'y': y[:, None].astype(np.uint8)}


def _write(folder, reader):
  folder.mkdir(parents=True, exist_ok=True)
  for split, n in N.items():
    arrays = _published(*_digits(n), reader)
    io.savemat(folder / NAMES[reader].format(split), arrays)


@pytest.mark.parametrize('reader', NAMES)
@pytest.mark.parametrize('nested', [True, False])
def test_layouts(tmp_path, reader, nested):
  _write(tmp_path / FOLDERS[reader] if nested else tmp_path, reader)
  for examples, n in zip(reader.read(tmp_path), N.values(), strict=True):
    x, y = _digits(n)
    np.testing.assert_array_equal(examples.x, x)
    np.testing.assert_array_equal(examples.y, y)
    assert examples.x.dtype == np.uint8
    assert examples.y.dtype == np.int32


def test_pair_of_both_is_32_and_rgb(tmp_path):
  for reader, folder in FOLDERS.items():
    _write(tmp_path / folder, reader)
  pair = data.load(
    'digits_five', data_dir=tmp_path, source='syn_digits', target='svhn'
  )
  np.testing.assert_array_equal(pair.target_train.x, _digits(23)[0])
  np.testing.assert_array_equal(pair.target_test.x, _digits(11)[0])
  np.testing.assert_array_equal(pair.target_test.y, _digits(11)[1])
  assert len(pair.source_train.y) + len(pair.source_val.y) == 23
  assert pair.backbone == 'dtn'
  assert pair.prepare(pair.target_test.x).shape == (11, 32, 32, 3)


def _rewrite(path, **arrays):
  content = {n: a for n, a in io.loadmat(path).items() if n[0] != '_'}
  io.savemat(path, content | arrays)


def _cut(path):
  path.write_bytes(path.read_bytes()[:5000])


OBJECTS = np.array([[1, 'a']], object)
TRAIN_X = _published(*_digits(23), svhn)['X']


@pytest.mark.parametrize(
  ('harm', 'culprit'),
  [
    (_cut, r'train_32x32\.mat is damaged'),
    (lambda p: p.unlink(), r'SVHN was.*test_32x32\.mat.*https?://'),
    (lambda p: _rewrite(p, y=OBJECTS), r'train_32x32\.mat: .* y .* numbers'),
    (
      lambda p: _rewrite(p, X=TRAIN_X[..., :9]),
      r'train_32x32\.mat: X is uint8 \[32, 32, 3, 9\] and y \[23, 1\]',
    ),
    (
      lambda p: _rewrite(p, X=TRAIN_X[:28]),
      r'train_32x32\.mat: X is uint8 \[28, 32, 3, 23\]',
    ),
    (
      lambda p: _rewrite(p, X=TRAIN_X.astype(float)),
      r'train_32x32\.mat: X is float64',
    ),
    (
      lambda p: _rewrite(p, y=np.arange(23)[:, None]),
      r'train_32x32\.mat: y has the label 0; 1 to 10 are',
    ),
    (
      lambda p: _rewrite(p, y=np.full((23, 1), 11)),
      r'train_32x32\.mat: y has the label 11;',
    ),
  ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, harm, culprit):
  _write(tmp_path, svhn)
  harm(tmp_path / 'train_32x32.mat')
  with pytest.raises(UserError, match=culprit):
    svhn.read(tmp_path)


def test_synthetic_digits_have_no_label_10(tmp_path):
  _write(tmp_path, syn_digits)
  path = tmp_path / 'synth_test_32x32.mat'
  _rewrite(path, y=np.full((11, 1), 10))
  with pytest.raises(UserError, match=r'synth_test.*label 10; 0 to 9'):
    syn_digits.read(tmp_path)


def test_shifted_labels_of_the_whole_set_are_named(tmp_path, monkeypatch):
  _write(tmp_path, svhn)
  counts = {split: np.bincount(_digits(n)[1]) for split, n in N.items()}
  monkeypatch.setattr(svhn, 'COUNTS', counts)
  svhn.read(tmp_path)
  y = (_digits(11)[1] + 1)[:, None]
  _rewrite(tmp_path / 'test_32x32.mat', y=y)
  with pytest.raises(UserError, match=r'/test_32x32\.mat: .*shifted by 1'):
    svhn.read(tmp_path)
