import bz2
import gzip
import shutil

import h5py
import numpy as np
from PIL import Image
import pytest

from da_jax import data
from da_jax.data.published import mnist, mnist_m, usps
from da_jax.errors import UserError

N_TRAIN, N_TEST = 40, 12
Y = np.arange(N_TRAIN, dtype=np.uint8) % 10


def _pixels(shape, seed):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, shape).astype(np.uint8)


def _idx(array):
  sizes = b''.join(size.to_bytes(4, 'big') for size in array.shape)
  return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


MNIST_X = _pixels((N_TRAIN, 28, 28), 0)
USPS_X = _pixels((N_TRAIN, 16, 16), 1)
MNIST_M_X = _pixels((N_TRAIN, 32, 32, 3), 2)


def _write_mnist(folder, zipped=True):
  folder.mkdir(parents=True)
  for split, n in (('train', N_TRAIN), ('t10k', N_TEST)):
    for kind, array in (('images-idx3', MNIST_X), ('labels-idx1', Y)):
      content = _idx(array[:n])
      name = f'{split}-{kind}-ubyte'
      if zipped:
        (folder / f'{name}.gz').write_bytes(gzip.compress(content))
      else:
        (folder / name).write_bytes(content)


def _write_npz(folder):
  x = USPS_X / np.float32(255)
  np.savez(
    folder / 'usps_16x16.npz',
    x_train=x,
    y_train=Y,
    x_test=x[:N_TEST],
    y_test=Y[:N_TEST],
  )


def _write_h5(folder):
  with h5py.File(folder / 'usps.h5', 'w') as file:
    for split, n in (('train', N_TRAIN), ('test', N_TEST)):
      rows = USPS_X[:n].reshape(n, -1) / np.float32(255)
      file[f'{split}/data'], file[f'{split}/target'] = rows, Y[:n]


def _write_libsvm(folder):
  for name, n in (('usps.bz2', N_TRAIN), ('usps.t.bz2', N_TEST)):
    rows = USPS_X[:n].reshape(n, -1) / 127.5 - 1
    lines = [
      f'{label + 1} ' + ' '.join(f'{i}:{v:.5f}' for i, v in enumerate(row, 1))
      for row, label in zip(rows, Y[:n].tolist(), strict=True)
    ]
    text = '\n'.join(lines) + '\n'
    (folder / name).write_bytes(bz2.compress(text.encode()))


def _write_files(folder):
  for split, n in (('train', N_TRAIN), ('test', N_TEST)):
    pngs = folder / f'mnist_m_{split}'
    pngs.mkdir(parents=True)
    for index in reversed(range(n)):
      Image.fromarray(MNIST_M_X[index]).save(pngs / f'{index:08d}.png')
    lines = [f'{index:08d}.png {Y[index]}\n' for index in reversed(range(n))]
    (folder / f'mnist_m_{split}_labels.txt').write_text(''.join(lines))


def _write_mosaics(folder):
  folder.mkdir(parents=True, exist_ok=True)
  for split, n in (('train', N_TRAIN), ('test', N_TEST)):
    tiles = np.zeros((64, 32, 32, 3), np.uint8)
    tiles[:n] = MNIST_M_X[:n]
    mosaic = Image.fromarray(np.concatenate(tiles, axis=1))
    mosaic.save(folder / f'{split}_00.webp', lossless=True)
    np.savez(folder / f'{split}_labels.npz', labels=Y[:n])


@pytest.fixture
def root(tmp_path):
  folder = tmp_path / 'data'
  _write_mnist(folder / 'mnist')
  (folder / 'usps').mkdir()
  _write_npz(folder / 'usps')
  _write_files(folder / 'mnist_m')
  return folder


def _check(splits, x):
  train, test = splits
  np.testing.assert_array_equal(train.x.squeeze(), x)
  np.testing.assert_array_equal(test.x.squeeze(), x[:N_TEST])
  np.testing.assert_array_equal(train.y, Y)
  np.testing.assert_array_equal(test.y, Y[:N_TEST])
  assert train.x.dtype == np.uint8
  assert train.y.dtype == test.y.dtype == np.int32


@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize('place', ['mnist', 'MNIST/raw', '.'])
def test_mnist_layouts(tmp_path, place, zipped):
  folder = tmp_path / 'data' / place
  _write_mnist(folder, zipped)
  _check(mnist.read(tmp_path / 'data'), MNIST_X)


@pytest.mark.parametrize('write', [_write_npz, _write_h5, _write_libsvm])
@pytest.mark.parametrize('place', ['usps', '.'])
def test_usps_layouts(tmp_path, write, place):
  folder = tmp_path / place
  folder.mkdir(exist_ok=True)
  write(folder)
  _check(usps.read(tmp_path), USPS_X)


@pytest.mark.parametrize('write', [_write_files, _write_mosaics])
@pytest.mark.parametrize('place', ['mnist_m', '.'])
def test_mnist_m_layouts(tmp_path, write, place):
  write(tmp_path / place)
  _check(mnist_m.read(tmp_path), MNIST_M_X)


def test_mnist_m_mosaics_may_cover_fewer_images_than_labels(tmp_path):
  _write_mosaics(tmp_path)
  np.savez(tmp_path / 'train_labels.npz', labels=np.arange(100) % 10)
  train, _ = mnist_m.read(tmp_path)
  assert len(train.x) == len(train.y) == 64


def test_grey_pairs_are_28_and_lossless_for_mnist(root):
  pair = data.load('digits_five', data_dir=root, source='usps', target='mnist')
  np.testing.assert_array_equal(pair.target_train.x[..., 0], MNIST_X)
  np.testing.assert_array_equal(pair.target_test.x[..., 0], MNIST_X[:N_TEST])
  assert pair.source_train.x.shape == (30, 28, 28, 1)
  assert pair.source_val.x.shape == (10, 28, 28, 1)
  assert pair.backbone == 'lenet'
  resized = Image.fromarray(USPS_X[0]).resize(
    (28, 28), Image.Resampling.BILINEAR
  )
  x = np.concatenate([pair.source_train.x, pair.source_val.x])[..., 0]
  assert (x == np.asarray(resized)).all((1, 2)).any()


@pytest.mark.parametrize('source', ['mnist', 'usps'])
def test_pairs_with_mnist_m_are_32_and_rgb(root, source):
  pair = data.load(
    'digits_five', data_dir=root, source=source, target='mnist_m'
  )
  np.testing.assert_array_equal(pair.target_train.x, MNIST_M_X)
  assert pair.source_train.x.shape[1:] == (32, 32, 3)
  assert (pair.source_train.x[..., :1] == pair.source_train.x).all()
  assert pair.backbone == 'dtn'
  assert pair.class_names == tuple('0123456789')
  assert pair.prepare(pair.source_val.x).shape == pair.source_val.x.shape


def test_finds_a_nested_folder(root, tmp_path):
  shutil.copytree(root, tmp_path / 'all' / 'digits_five')
  pair = data.load('digits_five', data_dir=tmp_path / 'all')
  assert (pair.source, pair.target) == ('mnist', 'usps')


def _cut(path):
  content = path.read_bytes()
  path.write_bytes(content[: len(content) // 2])


def _unzip_and_cut(root):
  path = root / 'mnist' / 'train-images-idx3-ubyte.gz'
  path.with_suffix('').write_bytes(gzip.decompress(path.read_bytes())[:-1])


def _add_mosaics_with_a_gap(root):
  shutil.rmtree(root / 'mnist_m')
  _write_mosaics(root / 'mnist_m')
  mosaics = root / 'mnist_m'
  shutil.copy(mosaics / 'train_00.webp', mosaics / 'train_02.webp')


def _mix_labels_up(root):
  labels = gzip.compress(_idx(Y[:3]))
  (root / 'mnist' / 't10k-labels-idx1-ubyte.gz').write_bytes(labels)


def _write_wrong_label(root):
  path = root / 'mnist_m' / 'mnist_m_test_labels.txt'
  path.write_text(path.read_text() + '00000000.png ten\n')


@pytest.mark.parametrize(
  ('harm', 'culprit'),
  [
    (
      lambda r: _cut(r / 'mnist' / 'train-labels-idx1-ubyte.gz'),
      'train-labels',
    ),
    (_unzip_and_cut, 'train-images-idx3-ubyte'),
    (
      lambda r: (r / 'mnist' / 't10k-images-idx3-ubyte.gz').unlink(),
      r'MNIST was.*MNIST/raw.*https://',
    ),
    (_mix_labels_up, 't10k-labels'),
    (lambda r: _cut(r / 'usps' / 'usps_16x16.npz'), r'usps_16x16\.npz'),
    (lambda r: shutil.rmtree(r / 'usps'), r'USPS was.*usps\.t\.bz2.*https://'),
    (
      lambda r: (r / 'mnist_m' / 'mnist_m_train' / '00000003.png').unlink(),
      r'00000003\.png',
    ),
    (
      lambda r: _cut(r / 'mnist_m' / 'mnist_m_test' / '00000002.png'),
      r'00000002\.png',
    ),
    (_write_wrong_label, r'mnist_m_test_labels\.txt: .* ten'),
    (_add_mosaics_with_a_gap, r'train_01\.webp is missing'),
    (
      lambda r: shutil.rmtree(r / 'mnist_m'),
      r'MNIST-M was.*mnist_m_train.*https://',
    ),
  ],
)
def test_missing_and_damaged_files_are_named(root, harm, culprit):
  harm(root)
  with pytest.raises(UserError, match=culprit):
    for source, target in (('mnist', 'usps'), ('mnist_m', 'usps')):
      data.load('digits_five', data_dir=root, source=source, target=target)


def _shares(y):
  return np.bincount(y).tolist()


def test_published_mnist_and_usps(real_data):
  pair = data.load('digits_five', data_dir=real_data('mnist', 'usps'))
  assert len(pair.source_train.y) + len(pair.source_val.y) == 60000
  assert len(pair.source_val.y) == 9000
  train = [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644]
  test = [359, 264, 198, 166, 200, 160, 170, 147, 166, 177]
  assert _shares(pair.target_train.y) == train
  assert _shares(pair.target_test.y) == test
  again = data.load('digits_five', data_dir=real_data('mnist', 'usps'))
  for one, other in zip(pair[4:8], again[4:8], strict=True):
    np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(one.y, other.y)


def test_published_mnist_test_set(real_data):
  train, test = mnist.read(real_data('mnist'))
  assert train.x.shape == (60000, 28, 28, 1)
  assert test.x.shape == (10000, 28, 28, 1)
  assert _shares(test.y)[:3] == [980, 1135, 1032]


def test_published_mnist_m(real_data):
  train, test = mnist_m.read(real_data('mnist_m'))
  assert train.x.shape == (24576, 32, 32, 3)
  assert test.x.shape == (9001, 32, 32, 3)
  assert len(train.y) == 24576
  assert len(test.y) == 9001
  # The last image is one, not the black that fills the mosaic up.
  assert test.x[-1].std() > 10
