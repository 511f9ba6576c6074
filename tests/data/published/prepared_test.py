import pickle
import shutil
import subprocess
import sys

from absl import logging
import numpy as np
from PIL import Image
import pytest

from da_jax import data
from da_jax.data.files import cache as decoded
from da_jax.data.files import images
from da_jax.data.published import builders, office31, office_caltech10
from da_jax.data.published.record import find
from da_jax.errors import UserError

PUBLISHED = {
  'office31': office31.PUBLISHED,
  'office_caltech10': office_caltech10.PUBLISHED,
}
SIZE = 32
DOMAINS = office_caltech10.DOMAINS


@pytest.fixture
def root(tmp_path, write_tree):
  for domain in ('amazon', 'dslr', 'webcam'):
    classes = office_caltech10.PUBLISHED.class_names
    write_tree(tmp_path / 'root' / domain, classes)
  return tmp_path / 'root'


def _load(root, dataset='office_caltech10', **kwargs):
  settings = {'source': 'dslr', 'target': 'webcam', 'image_size': SIZE} | kwargs
  return data.load(dataset, data_dir=root, **settings)


def _equal(one, other):
  for a, b in zip(one[4:8], other[4:8], strict=True):
    np.testing.assert_array_equal(a.x, b.x)
    np.testing.assert_array_equal(a.y, b.y)


@pytest.mark.parametrize('dataset', PUBLISHED)
@pytest.mark.parametrize('below', ['', 'images'])
def test_layouts(tmp_path, write_tree, dataset, below):
  names = PUBLISHED[dataset].class_names
  root = tmp_path / dataset
  for domain in ('dslr', 'webcam'):
    write_tree(root / domain / below, names)
  pair = _load(tmp_path, dataset)
  assert pair.class_names == names
  assert np.bincount(pair.source_train.y).tolist() == [1] * len(names)
  assert np.bincount(pair.source_val.y).tolist() == [1] * len(names)
  np.testing.assert_array_equal(
    pair.target_test.y, np.repeat(np.arange(len(names)), 2)
  )
  assert pair.target_test is pair.target_train
  assert pair.backbone == 'resnet50'
  assert 'tensorflow' not in sys.modules


@pytest.mark.parametrize('published', PUBLISHED.values())
def test_class_names_are_sorted(published):
  names = published.class_names
  assert list(names) == sorted(set(names))
  assert len(names) == {'office31': 31, 'office_caltech10': 10}[published.name]


def test_is_what_folder_reads(root):
  _equal(_load(root), _load(root, 'folder'))


def test_the_default_size_is_224_of_256(root):
  pair = _load(root, image_size=None)
  assert pair.target_test.x.shape == (20, 256, 256, 3)
  assert pair.prepare(pair.target_test.x[:2]).shape == (2, 224, 224, 3)


def test_a_tree_is_prepared_once(root, cache, monkeypatch):
  first = _load(root)
  before = sorted(path.stat().st_mtime_ns for path in cache.rglob('*'))
  _equal(first, _load(root))
  assert before == sorted(path.stat().st_mtime_ns for path in cache.rglob('*'))


def test_a_changed_tree_is_prepared_anew(root):
  before = _load(root)
  path = root / 'webcam' / 'bike' / '0.png'
  Image.new('RGB', (12, 10)).save(path)
  after = _load(root)
  assert not np.array_equal(before.target_test.x, after.target_test.x)
  (root / 'webcam' / 'bike' / '1.png').unlink()
  assert len(_load(root).target_test.y) == len(before.target_test.y) - 1


def test_what_was_interrupted_is_not_taken_for_finished(root, monkeypatch):
  published = office_caltech10.PUBLISHED

  def records(root, domain):
    read = published.records(root, domain)['all'].read

    def interrupted(index):
      if index == 3:
        raise KeyboardInterrupt
      return read(index)

    all_ = published.records(root, domain)['all']._replace(read=interrupted)
    return {'all': all_}

  harmed = published._replace(records=records)
  monkeypatch.setattr(builders.OfficeCaltech10, 'PUBLISHED', harmed)
  with pytest.raises(KeyboardInterrupt):
    _load(root)
  monkeypatch.undo()
  assert len(_load(root).target_test.y) == 20


def test_what_a_killed_process_left_is_not_taken_for_finished(root, cache):
  before = _load(root)
  (finished,) = cache.glob('tfds/*/office_caltech10/webcam/1.0.0')
  left = finished.rename(finished.with_name('incomplete.ABC123_1.0.0'))
  next(left.glob('*webcam*')).unlink()
  _equal(before, _load(root))
  assert finished.is_dir()


def test_stdout_is_left_alone(root, capsys):
  _load(root)
  assert capsys.readouterr().out == ''


def test_an_unpublished_number_of_images_is_logged(root, monkeypatch):
  lines = []
  monkeypatch.setattr(
    logging, 'warning', lambda m, *args: lines.append(m % args)
  )
  _load(root)
  assert any('webcam: 20 examples, 295 are published' in line for line in lines)


def test_a_reader_can_be_sent_to_another_process(root, monkeypatch):
  monkeypatch.setattr(decoded, 'DISK_LIMIT', 0)
  files = _load(root).target_test.x
  assert isinstance(files, images.ImageFiles)
  copy = pickle.loads(pickle.dumps(files))
  rows = np.array([3, 0])
  np.testing.assert_array_equal(copy[rows], files[rows])


def _truncate(root):
  path = root / 'dslr' / 'bike' / '1.png'
  path.write_bytes(path.read_bytes()[:150])


def _empty(root):
  for path in (root / 'webcam' / 'mug').iterdir():
    path.unlink()


@pytest.mark.parametrize(
  ('harm', 'culprit'),
  [
    (
      lambda r: shutil.rmtree(r / 'webcam'),
      r'Looked in.*root.*<class>.*https',
    ),
    (lambda r: shutil.rmtree(r / 'dslr' / 'mug'), 'dslr: missing.* mug;'),
    (lambda r: (r / 'dslr' / 'mugs').mkdir(), 'dslr/mugs'),
    (
      lambda r: shutil.copytree(r / 'dslr' / 'mug', r / 'dslr' / 'cup'),
      'dslr: unknown.* cup;',
    ),
    (_empty, 'webcam/mug has no image'),
    (_truncate, r'root/dslr/bike/1\.png'),
    (
      lambda r: (r / 'webcam' / 'mug' / '9.jpg').write_text('hi'),
      r'webcam/mug/9\.jpg',
    ),
  ],
)
def test_what_is_wrong_with_a_tree_is_named(root, harm, culprit):
  harm(root)
  with pytest.raises(UserError, match=culprit):
    _load(root)


def test_a_cache_that_cannot_be_written_is_named(root, cache):
  cache.write_text('a file where a folder should be')
  with pytest.raises(UserError, match='DA_JAX_CACHE'):
    _load(root)


def test_published_tree(real_data):
  published = office_caltech10.PUBLISHED
  _, found = find(published, real_data('office_caltech10_images'), DOMAINS)
  counts = {name: len(splits['all'].y) for name, splits in found.items()}
  assert counts == {n: c['all'] for n, c in published.counts.items()}


def test_published_dslr_and_webcam(real_data):
  pair = _load(real_data('office_caltech10_images'))
  assert len(pair.source_train.y) + len(pair.source_val.y) == 157
  assert len(pair.target_test.y) == 295


@pytest.mark.slow
def test_published_amazon_and_caltech10(real_data):
  domains = {'source': 'amazon', 'target': 'caltech10'}
  pair = _load(real_data('office_caltech10_images'), **domains)
  assert len(pair.source_train.y) + len(pair.source_val.y) == 958
  assert len(pair.target_test.y) == 1123


def test_importing_the_datasets_is_light():
  heavy = ['tensorflow_datasets', 'sklearn', 'PIL', 'h5py', 'tqdm']
  code = 'import sys, da_jax.data; print(*sys.modules)'
  run = subprocess.run(
    [sys.executable, '-c', code], capture_output=True, text=True, check=True
  )
  assert not set(heavy) & set(run.stdout.split())
