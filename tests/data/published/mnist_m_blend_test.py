import shutil

from absl import logging
import numpy as np
from PIL import Image
import pytest

from da_jax import data
from da_jax.data.published import mnist, mnist_m, mnist_m_blend
from da_jax.errors import UserError
from tests.data.published import digits_five_test as small

PICTURES = [
  np.random.default_rng(i).integers(0, 256, shape).astype(np.uint8)
  for i, shape in enumerate([(32, 40, 3), (50, 33, 3)])
]


@pytest.fixture
def root(tmp_path):
  small._write_mnist(tmp_path / 'mnist')
  folder = tmp_path / 'mnist_m/BSDS500/data/images/train'
  folder.mkdir(parents=True)
  for number, picture in enumerate(PICTURES):
    Image.fromarray(picture).save(folder / f'{number}.jpg')
  return tmp_path


def test_every_image_is_one_crop_inverted_where_the_digit_is():
  digits = np.random.default_rng(3).integers(0, 3, (20, 28, 28, 1))
  blended = mnist_m_blend.blend(digits.astype(np.uint8), PICTURES, seed=0)
  assert blended.shape == (20, 32, 32, 3)
  assert blended.dtype == np.uint8
  found = set()
  for digit, image in zip(digits, blended, strict=True):
    ink = np.zeros((32, 32, 1), np.int64)
    ink[2:30, 2:30] = 255 * (digit > 0)
    matches = [
      (number, top, left)
      for number, picture in enumerate(PICTURES)
      for top in range(picture.shape[0] - 31)
      for left in range(picture.shape[1] - 31)
      if (
        np.abs(picture[top : top + 32, left : left + 32].astype(int) - ink)
        == image
      ).all()
    ]
    assert len(matches) == 1
    found.add(matches[0])
  assert {number for number, _, _ in found} == {0, 1}
  assert len(found) > 10


def test_the_seed_alone_decides():
  digits = np.ones((6, 28, 28, 1), np.uint8)
  one, again = (mnist_m_blend.blend(digits, PICTURES, 0) for _ in range(2))
  np.testing.assert_array_equal(one, again)
  assert (mnist_m_blend.blend(digits, PICTURES, 1) != one).any()


def _logged(monkeypatch):
  lines = []
  monkeypatch.setattr(logging, 'warning', lambda m, *a: lines.append(m % a))
  return lines


@pytest.mark.parametrize('place', ['BSR/BSDS500', 'bsds500'])
def test_generates_what_is_not_there_and_says_so(root, monkeypatch, place):
  (root / place).parent.mkdir(exist_ok=True)
  (root / 'mnist_m' / 'BSDS500').rename(root / place)
  lines = _logged(monkeypatch)
  train, test = mnist_m.read(root)
  assert train.x.shape == (small.N_TRAIN, 32, 32, 3)
  np.testing.assert_array_equal(train.y, small.Y)
  np.testing.assert_array_equal(test.y, small.Y[: small.N_TEST])
  ours = [line for line in lines if 'generated from MNIST and 2' in line]
  assert len(ours) == 1
  pair = data.load('digits_five', data_dir=root, target='mnist_m')
  np.testing.assert_array_equal(pair.target_train.x, train.x)


def test_shows_as_many_digits_as_are_published(root, monkeypatch):
  monkeypatch.setattr(mnist_m_blend, 'COUNTS', (7, 5))
  assert [len(split.y) for split in mnist_m.read(root)] == [7, 5]


@pytest.mark.parametrize('place', ['mnist_m', '.'])
def test_published_files_come_first(root, monkeypatch, place):
  small._write_mosaics(root / place)
  lines = _logged(monkeypatch)
  train, _ = mnist_m.read(root)
  np.testing.assert_array_equal(train.x, small.MNIST_M_X)
  assert not lines


@pytest.mark.parametrize(
  ('harm', 'culprit'),
  [
    (lambda root, path: shutil.rmtree(root / 'mnist'), 'MNIST was not found'),
    (lambda root, path: path.write_bytes(b'\xff\xd8'), r'train/0\.jpg'),
    (
      lambda root, path: Image.new('RGB', (400, 31)).save(path),
      r'train/0\.jpg is too small',
    ),
  ],
)
def test_what_is_missing_or_damaged_is_named(root, harm, culprit):
  harm(root, root / 'mnist_m/BSDS500/data/images/train/0.jpg')
  with pytest.raises(UserError, match=culprit):
    mnist_m.read(root)


def test_published_images_are_made_so(real_data):
  folder = real_data('mnist', 'mnist_m')
  for originals, published in zip(
    mnist.read(folder), mnist_m.read(folder), strict=True
  ):
    count = len(published.y)
    np.testing.assert_array_equal(published.y, originals.y[:count])
    digits, x = originals.x[:1000], published.x[:1000]
    ink = np.pad(digits > 0, [(0, 0), (2, 2), (2, 2), (0, 0)])
    crops = np.where(ink, 255 - x, x).astype(np.int16)
    steps = np.abs(np.diff(crops, axis=2))
    edge = np.broadcast_to(ink[:, :, 1:] != ink[:, :, :-1], steps.shape)
    # Photographs know of no digit: as smooth across its edge as elsewhere.
    assert steps[edge].mean() < 1.1 * steps[~edge].mean()


def test_generates_from_the_whole_of_mnist(real_data, tmp_path, monkeypatch):
  (tmp_path / 'mnist').symlink_to(real_data('mnist') / 'mnist')
  folder = tmp_path / 'BSDS500/data/images/train'
  folder.mkdir(parents=True)
  Image.fromarray(PICTURES[0]).save(folder / '0.jpg')
  lines = _logged(monkeypatch)
  train, test = mnist_m.read(tmp_path)
  assert (len(train.x), len(train.y)) == (59001, 59001)
  assert (len(test.x), len(test.y)) == (9001, 9001)
  assert len(lines) == 1
