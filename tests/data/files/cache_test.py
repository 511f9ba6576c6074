"""The cache of decoded images."""

import json
import os
import pickle
import shutil

import numpy as np
from PIL import Image
import pytest

from da_jax.data.files import cache as cache_module
from da_jax.data.files import content, images
from da_jax.data.pair import Chosen, Examples, subset

SIZE = 6


@pytest.fixture
def decodes(monkeypatch):
  """Counts how many images are decoded."""
  count, original = [], images._attempt

  def attempt(data, size):
    count.append(1)
    return original(data, size)

  monkeypatch.setattr(images, '_attempt', attempt)
  return count


@pytest.fixture
def tree(tmp_path):
  rng = np.random.default_rng(0)
  folder = tmp_path / 'tree'
  folder.mkdir()
  for index in range(5):
    pixels = rng.integers(0, 256, (9, 7, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(folder / f'{index}.png')
  return folder


def _files(tree, indices=None, size=SIZE):
  paths = sorted(tree.iterdir())
  indices = np.arange(len(paths)) if indices is None else np.array(indices)
  key = content.key(paths, tree)
  return images.ImageFiles(images.Paths(tuple(paths)), indices, size, key)


def _pillow(tree, size=SIZE):
  """The oracle."""
  opened = [Image.open(path) for path in sorted(tree.iterdir())]
  bilinear = Image.Resampling.BILINEAR
  return np.stack(
    [np.asarray(i.resize((size, size), bilinear)) for i in opened]
  )


def _stored(cache, suffix='.npy'):
  (path,) = (cache / 'decoded').glob(f'*{suffix}')
  return path


def test_is_decoded_once_and_mapped(tree, cache, decodes):
  for _ in range(2):
    x, broken = cache_module.decoded(_files(tree))
    assert isinstance(x, np.memmap) and not x.flags.writeable
    assert x.dtype == np.uint8 and broken == {}
    np.testing.assert_array_equal(x, _pillow(tree))
  assert len(decodes) == 5
  assert not list((cache / 'decoded').glob('*.tmp'))
  notes = json.loads(_stored(cache, '.json').read_text())
  assert notes['shape'] == [5, SIZE, SIZE, 3]


def test_rows_are_taken_lazily(tree):
  x, _ = cache_module.decoded(_files(tree))
  part = subset(Examples(x, np.arange(5)), np.array([4, 1])).x
  assert isinstance(part, Chosen)
  np.testing.assert_array_equal(part[:], _pillow(tree)[[4, 1]])


@pytest.mark.parametrize('change', ['size', 'rows', 'pixels', 'decoder'])
def test_what_changed_is_decoded_anew(tree, decodes, monkeypatch, change):
  cache_module.decoded(_files(tree))
  decodes.clear()
  size, rows = SIZE, [0, 1, 2, 3, 4]
  if change == 'size':
    size = 3
  if change == 'rows':
    rows = rows[::-1]
  if change == 'pixels':
    Image.new('RGB', (7, 9), (1, 2, 3)).save(tree / '0.png')
  if change == 'decoder':
    monkeypatch.setattr(cache_module, '_DECODER', 0)
  x, _ = cache_module.decoded(_files(tree, rows, size))
  np.testing.assert_array_equal(x, _pillow(tree, size)[rows])
  assert len(decodes) == 5


def _cut(path):
  path.write_bytes(path.read_bytes()[:-7])


def _empty(path):
  path.write_bytes(b'')


def _flip(path):
  data = bytearray(path.read_bytes())
  data[-5] ^= 1
  path.write_bytes(data)


def _other(path):
  np.save(path, np.zeros((5, SIZE, SIZE, 3), np.float32))


@pytest.mark.parametrize('harm', [_cut, _empty, _flip, _other, os.unlink])
def test_a_damaged_file_is_decoded_again(tree, cache, decodes, warnings, harm):
  cache_module.decoded(_files(tree))
  harm(_stored(cache))
  x, _ = cache_module.decoded(_files(tree))
  np.testing.assert_array_equal(x, _pillow(tree))
  assert len(decodes) == 10
  (warning,) = warnings
  assert _stored(cache).name in warning and 'damaged' in warning
  cache_module.decoded(_files(tree))
  assert len(decodes) == 10


@pytest.mark.parametrize('text', ['', '{"shape": [5', '[]', '{}'])
def test_damaged_notes_are_made_anew(tree, cache, decodes, warnings, text):
  cache_module.decoded(_files(tree))
  _stored(cache, '.json').write_text(text)
  x, _ = cache_module.decoded(_files(tree))
  np.testing.assert_array_equal(x, _pillow(tree))
  assert len(decodes) == 10 and len(warnings) == 1


def test_a_copied_file_is_compared_once_and_kept(
  tree, cache, decodes, warnings, monkeypatch
):
  cache_module.decoded(_files(tree))
  os.utime(_stored(cache), ns=(1, 1))
  cache_module.decoded(_files(tree))
  monkeypatch.setattr(cache_module, '_digest', None)
  cache_module.decoded(_files(tree))
  assert len(decodes) == 5 and not warnings


def test_what_was_interrupted_is_not_taken_for_finished(
  tree, cache, monkeypatch
):
  original = images.each

  def interrupted(files):
    yield next(original(files))
    raise KeyboardInterrupt

  with monkeypatch.context() as patch:
    patch.setattr(images, 'each', interrupted)
    with pytest.raises(KeyboardInterrupt):
      cache_module.decoded(_files(tree))
  assert not list((cache / 'decoded').iterdir())
  x, _ = cache_module.decoded(_files(tree))
  np.testing.assert_array_equal(x, _pillow(tree))


def test_what_a_killed_process_left_is_removed(tree, cache):
  cache_module.decoded(_files(tree))
  path = _stored(cache)
  left, going_on = (path.with_name(f'.{path.name}.{i}.tmp') for i in (1, 2))
  left.write_bytes(b'?')
  going_on.write_bytes(b'?')
  os.utime(left, (0, 0))
  path.unlink()
  cache_module.decoded(_files(tree))
  assert not left.exists() and going_on.exists()


def _full(cache, monkeypatch):
  usage = shutil._ntuple_diskusage(1, 1, 5 * SIZE * SIZE * 3 - 1)
  monkeypatch.setattr(shutil, 'disk_usage', lambda folder: usage)


def _fills(cache, monkeypatch):
  def write(*_):
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(cache_module, '_write_pixels', write)


def _file(cache, monkeypatch):
  cache.write_text('a file where a folder should be')


@pytest.mark.parametrize('harm', [_full, _fills, _file])
def test_without_room_memory_will_do(tree, cache, warnings, monkeypatch, harm):
  harm(cache, monkeypatch)
  x, broken = cache_module.decoded(_files(tree))
  assert type(x) is np.ndarray and broken == {}
  np.testing.assert_array_equal(x, _pillow(tree))
  (warning,) = warnings
  assert str(cache) in warning and 'DA_JAX_CACHE' in warning


def test_without_a_key_nothing_is_kept(tree, cache):
  files = images.ImageFiles(_files(tree).read, np.arange(5), SIZE)
  x, _ = cache_module.decoded(files)
  assert type(x) is np.ndarray and not (cache / 'decoded').exists()
  np.testing.assert_array_equal(x, _pillow(tree))


def test_without_room_or_memory_files_stay_files(tree, monkeypatch):
  monkeypatch.setattr(cache_module, 'MEMORY_LIMIT', 5 * SIZE * SIZE * 3 - 1)
  files = images.ImageFiles(_files(tree).read, np.arange(5), SIZE)
  assert cache_module.decoded(files).x is files


def test_broken_files_are_black_and_remembered(tree, decodes):
  (tree / '1.png').write_bytes(b'no image')
  (tree / '3.png').write_bytes((tree / '0.png').read_bytes()[:60])
  for _ in range(2):
    x, broken = cache_module.decoded(_files(tree))
    assert list(broken) == [1, 3] and 'no known image' in broken[1]
    assert not x[[1, 3]].any() and x[[0, 2, 4]].any((1, 2, 3)).all()
  assert len(decodes) == 5


def test_too_many_for_the_disk_are_verified_once(
  tree, cache, decodes, monkeypatch
):
  monkeypatch.setattr(cache_module, 'DISK_LIMIT', 5 * SIZE * SIZE * 3 - 1)
  (tree / '1.png').write_bytes(b'no image')
  for _ in range(2):
    files = _files(tree)
    x, broken = cache_module.decoded(files)
    assert x is files and list(broken) == [1]
  assert len(decodes) == 5
  assert not list((cache / 'decoded').glob('*.npy'))


def test_mapped_rows_are_sent_by_name(tree):
  x, _ = cache_module.decoded(_files(tree, size=64))
  rows = np.array([3, 0])
  sent = pickle.dumps(Chosen(x, rows))
  assert len(sent) < 1000
  np.testing.assert_array_equal(pickle.loads(sent)[:], _pillow(tree, 64)[rows])
  sent = pickle.dumps(Chosen(x[1:], np.array([2])))
  np.testing.assert_array_equal(pickle.loads(sent)[:], _pillow(tree, 64)[[3]])
