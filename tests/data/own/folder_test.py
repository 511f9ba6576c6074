import shutil

from absl import logging
import jax
import numpy as np
from PIL import Image
import pytest

from da_jax import data
from da_jax.errors import UserError

CLASSES = ('bike', 'mug', 'pen')


@pytest.fixture
def root(tmp_path, write_tree):
  write_tree(tmp_path / 'root' / 'art', CLASSES, per_class=4)
  write_tree(tmp_path / 'root' / 'photo', CLASSES, per_class=2)
  return tmp_path / 'root'


def _load(root, **kwargs):
  settings = {'source': 'art', 'target': 'photo', 'image_size': 32} | kwargs
  return data.load('folder', data_dir=root, **settings)


def test_reads_domains_of_a_folder(root):
  pair = _load(root)
  assert pair.class_names == CLASSES
  assert np.bincount(pair.source_train.y).tolist() == [3, 3, 3]
  assert np.bincount(pair.source_val.y).tolist() == [1, 1, 1]
  assert pair.target_train.x.shape == (6, 32, 32, 3)
  assert pair.target_train.y.tolist() == [0, 0, 1, 1, 2, 2]
  assert pair.target_test is pair.target_train
  assert pair.backbone == 'dtn'
  assert pair.protocol.startswith('transductive')


def test_reads_two_paths(root, tmp_path):
  shutil.move(root / 'photo', tmp_path / 'elsewhere')
  paths = {'source': str(root / 'art'), 'target': str(tmp_path / 'elsewhere')}
  pair = _load(tmp_path / 'nowhere', **paths)
  assert pair.target_test.x.shape == (6, 32, 32, 3)


@pytest.mark.parametrize(
  ('image_size', 'stored', 'backbone'),
  [(None, 256, 'resnet18'), (64, 64, 'resnet18'), (112, 128, 'resnet18')],
)
def test_image_size(root, image_size, stored, backbone):
  pair = _load(root, image_size=image_size)
  assert pair.target_test.x.shape[1:] == (stored, stored, 3)
  assert pair.backbone == backbone
  size = image_size or 224
  for x in (
    pair.prepare(pair.source_val.x[:]),
    jax.jit(pair.augment)(jax.random.key(0), pair.source_val.x[:]),
  ):
    assert x.shape == (3, size, size, 3)


def test_small_images_are_whole_and_centred_on_zero(root):
  pair = _load(root, image_size=16)
  np.testing.assert_allclose(
    pair.prepare(pair.target_test.x[:]),
    pair.target_test.x[:] / 127.5 - 1,
    atol=1e-6,
  )


def test_the_order_of_creation_does_not_matter(root, tmp_path, write_tree):
  other = tmp_path / 'other'
  write_tree(other / 'photo', CLASSES, per_class=2, reverse=True)
  write_tree(other / 'art', CLASSES, per_class=4, reverse=True)
  for one, two in zip(_load(root)[4:8], _load(other)[4:8], strict=True):
    np.testing.assert_array_equal(one.x, two.x)
    np.testing.assert_array_equal(one.y, two.y)


def test_takes_images_of_any_mode(root):
  image = Image.open(root / 'photo' / 'mug' / '0.png')
  for mode, name in (
    ('L', 'a.jpg'),
    ('RGBA', 'b.png'),
    ('CMYK', 'c.JPEG'),
    ('P', 'd.gif'),
  ):
    image.convert(mode).save(root / 'photo' / 'mug' / name)
  assert _load(root).target_test.x.shape == (10, 32, 32, 3)


def test_broken_files_are_all_named_or_left_out(root, monkeypatch):
  whole = _load(root)
  lines = []
  monkeypatch.setattr(
    logging, 'warning', lambda m, *args: lines.append(m % args)
  )
  _truncate(root)
  for name in ('bike/1', 'pen/0'):
    (root / 'art' / f'{name}.png').write_bytes(b'no image')
  with pytest.raises(UserError) as raised:
    _load(root)
  text = str(raised.value)
  assert text.startswith('3 files') and '--broken_files=skip' in text
  for name in ('bike/1', 'bike/2', 'pen/0'):
    assert f'art/{name}.png (' in text
  assert not lines
  pair = _load(root, broken_files='skip')
  assert '3 broken files left out' in pair.protocol
  assert any('art: left out' in line and 'bike/1.png' in line for line in lines)
  assert pair.fingerprint != whole.fingerprint
  task = data.load_task(
    'folder',
    data_dir=root,
    source='art',
    target='photo',
    image_size=32,
    broken_files='skip',
  )
  assert list(task.source.broken) == ['bike/1.png', 'bike/2.png', 'pen/0.png']
  assert task.source.broken['bike/1.png'] == 'no known image format'
  assert 'bike/1.png' not in task.source.names and not task.target.broken
  kept = [name for name in _names(root) if name not in task.source.broken]
  assert list(task.source.names) == kept
  for row, name in enumerate(kept):
    image = Image.open(root / 'art' / name).resize((32, 32), 2)
    np.testing.assert_array_equal(
      task.source.examples.x[row : row + 1], [image]
    )
    assert CLASSES[task.source.examples.y[row]] == name.split('/')[0]


def _names(root):
  paths = sorted((root / 'art').glob('*/*.png'))
  return [path.relative_to(root / 'art').as_posix() for path in paths]


def test_a_class_without_a_file_that_can_be_read_is_refused(root):
  for path in (root / 'photo' / 'mug').iterdir():
    path.write_bytes(b'no image')
  with pytest.raises(UserError, match=r'photo: nothing is left of mug'):
    _load(root, broken_files='skip')


def test_other_files_are_ignored_and_counted(root, monkeypatch):
  lines = []
  monkeypatch.setattr(
    logging, 'warning', lambda m, *args: lines.append(m % args)
  )
  (root / 'photo' / 'readme.txt').write_text('')
  (root / 'photo' / '.git').mkdir()
  for name in ('.DS_Store', 'notes.txt', '.hidden.png'):
    (root / 'photo' / 'mug' / name).write_bytes(b'?')
  assert len(_load(root).target_test.y) == 6
  assert len(lines) == 1
  assert '3 files' in lines[0]


def _empty(root):
  for path in (root / 'photo' / 'pen').iterdir():
    path.unlink()


def _no_classes(root):
  shutil.rmtree(root / 'art')
  (root / 'art').mkdir()


def _one_each(root):
  for index in (1, 2, 3):
    for name in CLASSES:
      (root / 'art' / name / f'{index}.png').unlink()


def _truncate(root):
  path = root / 'art' / 'bike' / '2.png'
  path.write_bytes(path.read_bytes()[:150])


@pytest.mark.parametrize(
  ('harm', 'culprit'),
  [
    (lambda r: shutil.rmtree(r / 'photo'), 'no folder .*photo'),
    (_no_classes, 'art has no class folders'),
    (_empty, 'photo/pen has no image'),
    (
      lambda r: (r / 'art' / 'mug').rename(r / 'art' / 'cup'),
      'only art has cup; only photo has mug',
    ),
    (lambda r: shutil.rmtree(r / 'art' / 'mug'), 'only photo has mug'),
    (
      lambda r: (r / 'photo' / 'mug' / 'x.jpg').write_text('hi'),
      r'photo/mug/x\.jpg',
    ),
    (
      lambda r: (r / 'photo' / 'mug' / 'y.png').write_bytes(b''),
      r'photo/mug/y\.png',
    ),
    (_truncate, r'art/bike/2\.png'),
    (_one_each, '3 source examples'),
  ],
)
def test_what_is_wrong_with_a_tree_is_named(root, harm, culprit):
  harm(root)
  with pytest.raises(UserError, match=culprit):
    _load(root)


def test_one_folder_by_two_names_is_refused(root):
  with pytest.raises(UserError, match='same folder'):
    _load(root, source='art', target=str(root / 'art'))


def test_a_size_must_be_positive(root):
  with pytest.raises(UserError, match='image_size=0'):
    _load(root, image_size=0)
