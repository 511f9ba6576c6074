import gzip

import numpy as np
import pytest

from da_jax import data
from da_jax.errors import UserError

N = {'train': 30, 'test': 12}


def _counts(domain, split):
  rng = np.random.default_rng((len(domain), N[split]))
  x = np.zeros((N[split], 5000), np.uint8)
  for row in x:
    row[rng.integers(0, 5000, 20)] = rng.integers(1, 256, 20)
  return x, np.arange(N[split]) % 2


def _write(folder, domain, zipped):
  folder.mkdir(exist_ok=True)
  for split in N:
    lines = [
      f'{1 if label else -1} '
      + ' '.join(f'{i}:{row[i]}' for i in np.flatnonzero(row))
      for row, label in zip(*_counts(domain, split), strict=True)
    ]
    text = ('\n'.join(lines) + '\n').encode()
    path = folder / f'{domain}_{split}.svmlight'
    if zipped:
      path.with_name(f'{path.name}.gz').write_bytes(gzip.compress(text))
    else:
      path.write_bytes(text)


@pytest.fixture
def root(tmp_path):
  _write(tmp_path, 'books', zipped=False)
  _write(tmp_path, 'kitchen', zipped=True)
  return tmp_path


def _load(root, source='books', target='kitchen'):
  return data.load(
    'amazon_reviews', data_dir=root, source=source, target=target
  )


@pytest.mark.parametrize(
  'place', ['.', 'amazon_reviews', 'amazon_reviews_svmlight']
)
@pytest.mark.parametrize('zipped', [True, False])
def test_layouts(tmp_path, place, zipped):
  for domain in ('books', 'kitchen'):
    _write(tmp_path / place, domain, zipped)
  pair = _load(tmp_path)
  for split in N:
    x, y = _counts('kitchen', split)
    part = getattr(pair, f'target_{split}')
    np.testing.assert_array_equal(part.x, x)
    np.testing.assert_array_equal(part.y, y)
    assert (part.x.dtype, part.y.dtype) == (np.uint8, np.int32)
  rows = pair.split['source_train']
  expected = _counts('books', 'train')[0][rows]
  np.testing.assert_array_equal(pair.source_train.x, expected)
  assert pair.class_names == ('negative', 'positive')
  assert pair.backbone == 'mlp'
  prepared = np.asarray(pair.prepare(pair.target_test.x))
  assert prepared.dtype == np.float32
  expected = np.log(pair.target_test.x + 1.0)
  np.testing.assert_allclose(prepared, expected, rtol=1e-6)


def _replace(path, old, new):
  path.write_bytes(path.read_bytes().replace(old, new, 1))


def _cut(root):
  path = root / 'kitchen_test.svmlight.gz'
  path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
  ('harm', 'culprit'),
  [
    (_cut, r'kitchen_test\.svmlight\.gz is damaged'),
    (
      lambda r: (r / 'kitchen_train.svmlight.gz').unlink(),
      r'kitchen of Amazon.*kitchen_train\.svmlight.*https://',
    ),
    (
      lambda r: _replace(r / 'books_train.svmlight', b'-1 ', b'2 '),
      r'books_train\.svmlight has the label 2;',
    ),
    (
      lambda r: _replace(r / 'books_train.svmlight', b'\n', b' 5000:1\n'),
      r'books_train\.svmlight is damaged',
    ),
    (
      lambda r: _replace(r / 'books_test.svmlight', b'\n', b'\n1 3:256\n'),
      r'books_test\.svmlight: 256 is not a number of words',
    ),
    (
      lambda r: _replace(r / 'books_test.svmlight', b'\n', b'\n1 3:0.5\n'),
      r'books_test\.svmlight: 0\.5 is not',
    ),
    (
      lambda r: _replace(r / 'books_test.svmlight', b'\n', b'\n1 3:-2\n'),
      r'books_test\.svmlight: -2 is not',
    ),
    (
      lambda r: _replace(r / 'books_test.svmlight', b'\n', b'\nnice 3:2\n'),
      r'books_test\.svmlight is damaged',
    ),
  ],
)
def test_what_is_wrong_with_a_file_is_named(root, harm, culprit):
  harm(root)
  with pytest.raises(UserError, match=culprit):
    _load(root)


@pytest.mark.parametrize(
  ('domain', 'other', 'negative', 'positive'),
  [
    ('books', 'dvd', 2201, 2264),
    ('dvd', 'books', 1779, 1807),
    ('electronics', 'kitchen', 2824, 2857),
    ('kitchen', 'electronics', 2991, 2954),
  ],
)
def test_published_files(real_data, domain, other, negative, positive):
  folder = real_data('amazon_reviews_svmlight')
  pair = _load(folder, source=other, target=domain)
  assert np.bincount(pair.target_train.y).tolist() == [1000, 1000]
  assert np.bincount(pair.target_test.y).tolist() == [negative, positive]
  assert len(pair.source_train.y) + len(pair.source_val.y) == 2000
  assert pair.target_test.x.shape == (negative + positive, 5000)
  assert 28 <= pair.target_train.x.max() <= 84
  # Every review has some of the words.
  assert pair.target_test.x.any(1).mean() > 0.999
