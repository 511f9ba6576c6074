import numpy as np
import pytest

from da_jax import data
from da_jax.data.published import mnist, mnist_c
from da_jax.errors import UserError

N = {'train': 30, 'test': 12}


def _arrays(corruption, split):
  rng = np.random.default_rng((sum(map(ord, corruption)), N[split]))
  x = rng.integers(0, 256, (N[split], 28, 28, 1)).astype(np.uint8)
  return x, np.arange(N[split], dtype=np.int64) % 10


@pytest.fixture
def write():
  def write(folder):
    for corruption in ('identity', *mnist_c.CORRUPTIONS):
      (folder / corruption).mkdir(parents=True)
      for split in N:
        x, y = _arrays(corruption, split)
        np.save(folder / corruption / f'{split}_images.npy', x)
        np.save(folder / corruption / f'{split}_labels.npy', y)
    return folder

  return write


def _load(folder, source='mnist', target='stripe'):
  return data.load('mnist_c', data_dir=folder, source=source, target=target)


@pytest.mark.parametrize('place', ['mnist_c', '.', 'mnist_c/mnist_c'])
def test_layouts(tmp_path, write, place):
  write(tmp_path / place)
  pair = _load(tmp_path)
  x, y = _arrays('stripe', 'train')
  np.testing.assert_array_equal(pair.target_train.x, x)
  np.testing.assert_array_equal(pair.target_train.y, y)
  np.testing.assert_array_equal(
    pair.target_test.x, _arrays('stripe', 'test')[0]
  )
  rows = np.concatenate([pair.split['source_train'], pair.split['source_val']])
  found = np.concatenate([pair.source_train.x, pair.source_val.x])
  np.testing.assert_array_equal(found, _arrays('identity', 'train')[0][rows])
  assert pair.backbone == 'lenet'
  assert pair.target_train.y.dtype == np.int32
  assert pair.prepare(pair.target_test.x).shape == (12, 28, 28, 1)


def test_there_are_16_domains_and_a_second_name(tmp_path, write):
  assert len(set(mnist_c.DOMAINS)) == 17
  write(tmp_path)
  names = [n for n in mnist_c.DOMAINS if n != 'mnist']
  images = [_load(tmp_path, target=n).target_test.x for n in names[1:]]
  assert len({x.tobytes() for x in images}) == 15
  with pytest.raises(UserError, match="'mnist' and 'identity'"):
    _load(tmp_path, 'identity', 'mnist')


def _cut(path):
  path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
  ('file', 'harm', 'culprit'),
  [
    ('train_images', _cut, r'stripe/train_images\.npy is damaged'),
    ('test_labels', lambda p: p.write_bytes(b''), r'test_labels\.npy is dam'),
    (
      'test_labels',
      lambda p: p.unlink(),
      r'stripe of MNIST-C was.*test_labels.*https://',
    ),
    (
      'train_labels',
      lambda p: np.save(p, np.array([1, 'a'], object)),
      r'train_labels\.npy is damaged.*allow_pickle',
    ),
    (
      'train_labels',
      lambda p: np.save(p, np.arange(30)),
      r'train_labels\.npy has the label 10;',
    ),
    (
      'train_labels',
      lambda p: np.save(p, np.arange(9)),
      r'train_images\.npy .*\[30, 28, 28, 1\] and train_labels\.npy \[9\]',
    ),
    (
      'test_images',
      lambda p: np.save(p, np.zeros((12, 28, 28, 1), np.float32)),
      r'test_images\.npy is float32',
    ),
    (
      'test_images',
      lambda p: np.save(p, np.zeros((12, 28, 28), np.uint8)),
      r'test_images\.npy is uint8 \[12, 28, 28\]',
    ),
  ],
)
def test_what_is_wrong_with_a_file_is_named(
  tmp_path, write, file, harm, culprit
):
  harm(write(tmp_path) / 'stripe' / f'{file}.npy')
  with pytest.raises(UserError, match=culprit):
    _load(tmp_path)


def test_shifted_labels_of_the_whole_set_are_named(
  tmp_path, write, monkeypatch
):
  counts = {split: np.bincount(_arrays('', split)[1]) for split in N}
  monkeypatch.setattr(mnist, 'COUNTS', counts)
  folder = write(tmp_path)
  _load(folder)
  y = (_arrays('', 'test')[1] + 1) % 10
  np.save(folder / 'stripe' / 'test_labels.npy', y)
  with pytest.raises(UserError, match=r'stripe/test_labels.*shifted by 1'):
    _load(folder)
