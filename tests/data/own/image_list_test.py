"""Images that a text file names."""

import pickle

from PIL import Image
import pytest

from da_jax import data
from da_jax.errors import UserError

NAMES = ('c.png', 'sub folder/b b.png', 'a.png', 'd.png')


@pytest.fixture
def folder(tmp_path):
  for value, name in enumerate(NAMES):
    path = tmp_path / 'images' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', (8, 8), (value, 0, 0)).save(path)
  lists = tmp_path / 'lists'
  lists.mkdir()
  (lists / 'a.txt').write_text(_lines([10, 2, 10, 2]))
  (lists / 'b.txt').write_text(_lines([2, 10, 2, 10]))
  return tmp_path


def _lines(labels, names=NAMES):
  both = zip(names, labels, strict=True)
  return ''.join(f'{name} {label}\n' for name, label in both)


def _task(folder, **options):
  settings = {
    'data_dir': folder / 'images',
    'source': str(folder / 'lists' / 'a.txt'),
    'target': str(folder / 'lists' / 'b.txt'),
    'image_size': 8,
  }
  return data.load_task('image_list', **(settings | options))


def test_keeps_the_order_of_the_list(folder):
  task = _task(folder)
  for domain, y in ((task.source, [1, 0, 1, 0]), (task.target, [0, 1, 0, 1])):
    assert domain.examples.x[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert domain.examples.y.tolist() == y
    assert domain.class_names == ('2', '10')
    assert tuple(domain.names) == NAMES
  pair = data.draw(task)
  assert pair.backbone == 'resnet18'
  assert pair.prepare(pair.target_test.x).shape == (4, 8, 8, 3)


def test_paths_may_be_absolute_or_of_the_folder_of_the_list(folder):
  lines = _lines([2, 10, 2, 10], [folder / 'images' / name for name in NAMES])
  (folder / 'lists' / 'b.txt').write_text('\ufeff' + lines + '\r\n')
  (folder / 'images' / 'a.txt').write_text(_lines('xyxy'))
  (folder / 'images' / 'c.txt').write_text(_lines('yxxy'))
  task = _task(folder)
  assert task.target.examples.x[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
  paths = {
    'source': str(folder / 'images' / 'a.txt'),
    'target': str(folder / 'images' / 'c.txt'),
  }
  task = _task(folder, data_dir=folder / 'nowhere', **paths)
  assert task.target.class_names == ('x', 'y')
  assert task.target.examples.y.tolist() == [1, 0, 0, 1]


def test_a_list_of_classes_names_numbers(folder):
  names = [f'class {i}' for i in range(11)]
  (folder / 'lists' / 'classes.txt').write_text('\n'.join(names) + '\n')
  task = _task(folder)
  assert task.source.class_names == ('class 2', 'class 10')
  (folder / 'lists' / 'classes.txt').write_text('\n'.join(names[:10]))
  with pytest.raises(UserError, match=r'a\.txt has the label 10, .*0 to 9'):
    _task(folder)
  (folder / 'lists' / 'classes.txt').write_text('x\nx\n')
  with pytest.raises(UserError, match=r'classes\.txt names a class twice'):
    _task(folder)


def test_readers_travel_to_other_processes(folder):
  read = _task(folder).source.files.read
  assert pickle.loads(pickle.dumps(read))(0) == read(0)


@pytest.mark.parametrize(
  ('text', 'culprit'),
  [
    ('', r'a\.txt is empty'),
    ('a.png 2\n\nd.png\n', r"line 3 of .*a\.txt is 'd\.png'"),
    (
      'a.png 2\n\nd.png 10\na.png 10\n',
      r'lines 1 and 4 of .*a\.txt are .*a\.png',
    ),
    (
      _lines([2] * 5, [*'pqrst']),
      r'5 of 5 images of .*a\.txt .*images .*lists, such as p, q, r\.',
    ),
    ('a.png 2\nd.png 2\n', 'class 2 alone'),
    ('a.png 2\nd.png 0.5\n', r'0\.5'),
    ('a.png 2\nd.png 3\n', r'only .*a\.txt has 3'),
  ],
)
def test_what_is_wrong_with_a_list_is_named(folder, text, culprit):
  (folder / 'lists' / 'a.txt').write_text(text)
  with pytest.raises(UserError, match=culprit):
    data.draw(_task(folder))


def test_files_are_named(folder):
  with pytest.raises(UserError, match=r'no file .*images/train\.txt or train'):
    _task(folder, source='train.txt')
  (folder / 'lists' / 'a.txt').write_bytes(b'a.png caf\xe9\n')
  with pytest.raises(UserError, match=r'a\.txt is not UTF-8 at byte 9'):
    _task(folder)
  (folder / 'lists' / 'a.txt').write_text(_lines([2, 10, 2, 10]))
  (folder / 'images' / 'c.png').write_bytes(b'?')
  with pytest.raises(UserError, match=r'cannot be read as an image: .*c\.png'):
    _task(folder)
