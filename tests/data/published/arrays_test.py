import io

import numpy as np
from PIL import Image
import pytest

from da_jax.data.published import (
  amazon_reviews,
  digits_five,
  office_caltech10_surf,
  prepared,
)
from da_jax.errors import UserError
from tests.data.published import amazon_reviews_test, digits_five_test
from tests.data.published import office_caltech10_features_test as features_test


def test_domains_that_are_not_there_have_no_records(tmp_path):
  assert digits_five.PUBLISHED.records(tmp_path, 'svhn') == {}


def test_damage_is_not_taken_for_absence(tmp_path):
  (tmp_path / 'train_32x32.mat').write_bytes(b'no')
  (tmp_path / 'test_32x32.mat').write_bytes(b'no')
  with pytest.raises(UserError, match='train_32x32'):
    digits_five.PUBLISHED.records(tmp_path, 'svhn')


@pytest.fixture
def digits(tmp_path):
  digits_five_test._write_mnist(tmp_path / 'mnist')
  digits_five_test._write_mosaics(tmp_path / 'mnist_m')
  return tmp_path


@pytest.mark.parametrize(
  ('domain', 'x'),
  [
    ('mnist', digits_five_test.MNIST_X),
    ('mnist_m', digits_five_test.MNIST_M_X),
  ],
)
def test_images_are_prepared_as_lossless_files(digits, domain, x):
  splits = digits_five.PUBLISHED.records(digits, domain)
  stored, _ = prepared.stored(digits_five.PUBLISHED, digits, domain, splits)
  images = [Image.open(io.BytesIO(record['image'])) for record in stored]
  both = np.concatenate([x, x[: digits_five_test.N_TEST]])
  np.testing.assert_array_equal(np.stack(images), both)
  y = digits_five_test.Y
  assert [r['label'] for r in stored] == [*y, *y[: digits_five_test.N_TEST]]
  assert stored[40]['name'] == b'test/0'


def test_rows_are_prepared_as_they_are(tmp_path):
  amazon_reviews_test._write(tmp_path, 'books', zipped=True)
  published = amazon_reviews.PUBLISHED
  splits = published.records(tmp_path, 'books')
  stored, _ = prepared.stored(published, tmp_path, 'books', splits)
  parts = [amazon_reviews_test._counts('books', split) for split in splits]
  x, y = map(np.concatenate, zip(*parts, strict=True))
  np.testing.assert_array_equal(np.stack([r['row'] for r in stored]), x)
  assert stored[0]['row'].dtype == np.uint8
  assert [r['label'] for r in stored] == y.tolist()


def test_features_are_prepared_as_they_are(tmp_path):
  published = office_caltech10_surf.PUBLISHED
  features_test._write(tmp_path, published.name, 'dslr', 'dslr')
  splits = published.records(tmp_path, 'dslr')
  stored, _ = prepared.stored(published, tmp_path, 'dslr', splits)
  x = np.stack([record['row'] for record in stored])
  assert x.dtype == np.float32
  np.testing.assert_array_equal(x, features_test._rows(published.name, 'dslr'))


@pytest.mark.parametrize('domain', ['mnist', 'mnist_m'])
def test_sources_are_the_files_read(digits, domain):
  splits = digits_five.PUBLISHED.records(digits, domain)
  expected = set((digits / domain).iterdir())
  assert set(splits['train'].sources) == expected
