"""Datasets that are what their lists or tables name."""

import csv

import numpy as np
from PIL import Image
import pytest

from da_jax.data import prepare
from da_jax.data.published import (
  camelyon17,
  domainnet,
  domainnet126,
  image_clef,
)
from da_jax.errors import UserError
from tests.data.published.loading import column, load

FEW = 6  # classes of those that are listed


def _write(path, seed):
  path.parent.mkdir(parents=True, exist_ok=True)
  pixels = np.random.default_rng(seed).integers(0, 256, (9, 8, 3), np.uint8)
  Image.fromarray(pixels).save(path)
  return pixels


def _write_list(root, name, lines):
  path = root / name
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text(''.join(f'{file} {label}\n' for file, label in lines))


def _images(root, folder, class_names, count, start=0):
  """Writes images of the last classes first; gives (path, label) lines."""
  labels = range(len(class_names) - FEW, len(class_names))
  lines = []
  for label in reversed(labels):
    for index in range(start, start + count):
      name = f'{folder}/{class_names[label]}/{index:06}.png'
      _write(root / name, (label, index))
      lines.append((name, label))
  return lines


@pytest.mark.parametrize('folder', ['', 'image_list'])
def test_domainnet_has_the_splits_of_its_lists(tmp_path, folder):
  names, root = domainnet.PUBLISHED.class_names, tmp_path / 'DomainNet'
  lists = {}
  for domain in ('clipart', 'real'):
    for split, count in (('train', 3), ('test', 1)):
      start = 0 if split == 'train' else 3
      lines = _images(root, domain, names, count, start)
      _write_list(root / folder, f'{domain}_{split}.txt', lines)
      lists[domain, split] = lines
  task = load(tmp_path, 'domainnet', 'clipart', 'real')
  assert (task.protocol, task.backbone) == ('published', 'resnet101')
  lines = lists['real', 'train'] + lists['real', 'test']
  assert task.target.test_from == len(lists['real', 'train']) == 3 * FEW
  assert list(task.target.names) == [name for name, _ in lines]
  assert task.target.examples.y.tolist() == [label for _, label in lines]
  offline = domainnet.PUBLISHED._replace(files=())
  table = prepare.prepare(offline, tmp_path, ('real', 'sketch'))
  assert column(table, 'found') == {
    'real_train': str(3 * FEW),
    'real_test': str(FEW),
    'sketch_train': '-',
    'sketch_test': '-',
  }
  assert 'without aircraft_carrier, airplane' in table[2]


@pytest.mark.parametrize(
  'lists',
  [
    ('{}_list.txt',),
    ('txt/labeled_source_images_{}.txt',),
    ('{}126_train.txt', '{}126_test.txt'),
  ],
)
def test_domainnet126_is_what_its_lists_name(tmp_path, lists):
  names, root = domainnet126.PUBLISHED.class_names, tmp_path / 'domainnet126'
  expected = {}
  for domain in ('real', 'sketch'):
    for part, name in enumerate(lists):
      lines = _images(root, domain, names, 2, 2 * part)
      _write_list(root, name.format(domain), lines)
      expected.setdefault(domain, []).extend(lines)
  task = load(tmp_path, 'domainnet126', 'real', 'sketch')
  assert task.protocol == 'transductive'
  assert list(task.target.names) == [name for name, _ in expected['sketch']]
  assert task.target.examples.y.tolist() == [y for _, y in expected['sketch']]
  table = prepare.prepare(domainnet126.PUBLISHED, tmp_path, ('real',))
  assert column(table, 'found') == {'real': str(len(expected['real']))}


def test_image_clef_is_what_its_lists_name(tmp_path):
  root = tmp_path / 'image_clef'
  for domain in ('i', 'p'):
    lines = [(f'{domain}/{i:03}.png', (5 * i) % 12) for i in range(24)]
    for index, (name, _) in enumerate(lines):
      _write(root / name, index)
    _write_list(root, f'list/{domain}List.txt', lines)
  task = load(tmp_path, 'image_clef', 'i', 'p')
  assert task.target.examples.y.tolist() == [label for _, label in lines]
  table = prepare.prepare(image_clef.PUBLISHED, tmp_path, ('b', 'p'))
  assert column(table, 'found') == {'b': '-', 'p': '24'}
  assert table[3].split() == ['p', '24', '600', '-576']


def test_camelyon17_is_what_its_table_names(tmp_path):
  root = tmp_path / 'camelyon17'
  root.mkdir()
  head = [
    'patient',
    'node',
    'x_coord',
    'y_coord',
    'tumor',
    'slide',
    'center',
    'split',
  ]
  expected = {0: [], 2: []}
  with (root / 'metadata.csv').open('w', newline='') as file:
    table = csv.writer(file)
    table.writerow(['', *head])
    for i in range(16):
      center, tumor = (0, 2)[i % 2], (i // 2) % 2
      table.writerow([i, '004', '4', 3328 + i, 21792, tumor, 0, center, 0])
      name = (
        'patches/patient_004_node_4/'
        f'patch_patient_004_node_4_x_{3328 + i}_y_21792.png'
      )
      _write(root / name, i)
      expected[center].append((name, tumor))
  task = load(tmp_path, 'camelyon17', 'center0', 'center2')
  assert list(task.target.names) == [name for name, _ in expected[2]]
  assert task.target.examples.y.tolist() == [y for _, y in expected[2]]
  table = prepare.prepare(camelyon17.PUBLISHED, tmp_path, ('center0',))
  assert column(table, 'found') == {'center0': '8'}


def test_a_table_without_a_column_is_named(tmp_path):
  (tmp_path / 'metadata.csv').write_text(',patient,node\n0,004,4\n')
  with pytest.raises(UserError, match=r'metadata\.csv has no column center'):
    load(tmp_path, 'camelyon17', 'center0', 'center2')


@pytest.mark.parametrize(
  ('line', 'culprit'),
  [
    ('i/0.png 12', "iList.txt, line 2: label '12' is not a number below 12"),
    ('i/0.png -1', "line 2: label '-1'"),
    ('i/0.png', r'line 2: .* is not the path of an image'),
    ('/i/0.png 1', r"line 2: '/i/0.png 1' is not the path"),
    ('../i/0.png 1', r'line 2: .* is not the path'),
    ('i/people/0.png 1', 'label 1 is bike, but.* folder people'),
    ('i/9.png 1', r'image_clef/i/9\.png cannot be read'),
  ],
)
def test_a_wrong_line_of_a_list_is_named(tmp_path, line, culprit):
  root = tmp_path / 'image_clef'
  for domain in ('i', 'p'):
    _write(root / domain / '0.png', 0)
    _write_list(root, f'{domain}List.txt', [(f'{domain}/0.png', 0)])
  with (root / 'iList.txt').open('a') as file:
    file.write(line + '\n')
  with pytest.raises(UserError, match=culprit):
    load(tmp_path, 'image_clef', 'p', 'i')


def test_a_list_may_end_in_empty_lines_and_have_spaces_in_paths(tmp_path):
  for domain in ('i', 'p'):
    _write(tmp_path / domain / 'a b.png', 0)
    (tmp_path / f'{domain}List.txt').write_text(f'{domain}/a b.png 3\n\n \n')
  task = load(tmp_path, 'image_clef', 'p', 'i')
  assert task.target.examples.y.tolist() == [3]
  assert list(task.target.names) == ['i/a b.png']
