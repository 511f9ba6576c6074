import csv
import re

import numpy as np
from PIL import Image
import pytest

from da_jax import data
from da_jax.data import prepare
from da_jax.data.published import (
  camelyon17,
  domainnet,
  domainnet126,
  image_clef,
  office31,
  office_caltech10,
  office_home,
  pacs,
  visda2017,
)
from da_jax.data.published import record as published
from da_jax.data.published.builders import BUILDERS
from da_jax.errors import UserError

# Dataset -> the folders of two of its domains, as published.
TREES = {
  'office31': {'amazon': 'amazon/images', 'dslr': 'dslr/images'},
  'office_caltech10': {'dslr': 'dslr', 'caltech10': 'caltech10'},
  'office_home': {'art': 'Art', 'real_world': 'Real World'},
  'visda2017': {'synthetic': 'train', 'real': 'validation'},
  'image_clef': {'c': 'c', 'p': 'p'},
  'pacs': {'photo': 'photo', 'art_painting': 'art_painting'},
}
MODULES = {
  module.PUBLISHED.name: module
  for module in (
    camelyon17,
    domainnet,
    domainnet126,
    image_clef,
    office31,
    office_caltech10,
    office_home,
    pacs,
    visda2017,
  )
}
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


def _load(data_dir, dataset, source, target):
  return data.load_task(
    dataset, data_dir=data_dir, source=source, target=target, image_size=8
  )


def _column(lines, name):
  head = lines[1].split()
  rows = (line.split(maxsplit=3) for line in lines[2:])
  return {row[0]: row[head.index(name)] for row in rows}


@pytest.mark.parametrize('dataset', TREES)
def test_trees(tmp_path, write_tree, dataset):
  names = MODULES[dataset].PUBLISHED.class_names
  for folder in TREES[dataset].values():
    write_tree(tmp_path / dataset / folder, names, per_class=2)
  task = _load(tmp_path, dataset, *TREES[dataset])
  for domain in (task.source, task.target):
    assert domain.class_names == names
    np.testing.assert_array_equal(
      domain.examples.y, np.repeat(np.arange(len(names)), 2)
    )
    assert [n.split('/')[-2:] for n in domain.names] == [
      [name, f'{index}.png'] for name in names for index in range(2)
    ]
  assert task.protocol == 'transductive'
  lines = prepare.prepare(
    MODULES[dataset].PUBLISHED, tmp_path, tuple(TREES[dataset])
  )
  assert set(_column(lines, 'found').values()) == {str(2 * len(names))}


@pytest.mark.parametrize('dataset', TREES)
def test_the_pixels_are_those_of_the_files(tmp_path, write_tree, dataset):
  names = MODULES[dataset].PUBLISHED.class_names
  for folder in TREES[dataset].values():
    write_tree(tmp_path / dataset / folder, names, per_class=1)
  target = _load(tmp_path, dataset, *TREES[dataset]).target
  for row in (0, len(names) - 1):
    with Image.open(tmp_path / dataset / target.names[row]) as image:
      expected = np.asarray(image.resize((8, 8), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(target.examples.x[row], expected)


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
  task = _load(tmp_path, 'domainnet', 'clipart', 'real')
  assert (task.protocol, task.backbone) == ('published', 'resnet101')
  lines = lists['real', 'train'] + lists['real', 'test']
  assert task.target.test_from == len(lists['real', 'train']) == 3 * FEW
  assert list(task.target.names) == [name for name, _ in lines]
  assert task.target.examples.y.tolist() == [label for _, label in lines]
  offline = domainnet.PUBLISHED._replace(files=())
  table = prepare.prepare(offline, tmp_path, ('real', 'sketch'))
  assert _column(table, 'found') == {
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
  task = _load(tmp_path, 'domainnet126', 'real', 'sketch')
  assert task.protocol == 'transductive'
  assert list(task.target.names) == [name for name, _ in expected['sketch']]
  assert task.target.examples.y.tolist() == [y for _, y in expected['sketch']]
  table = prepare.prepare(domainnet126.PUBLISHED, tmp_path, ('real',))
  assert _column(table, 'found') == {'real': str(len(expected['real']))}


def test_image_clef_is_what_its_lists_name(tmp_path):
  root = tmp_path / 'image_clef'
  for domain in ('i', 'p'):
    lines = [(f'{domain}/{i:03}.png', (5 * i) % 12) for i in range(24)]
    for index, (name, _) in enumerate(lines):
      _write(root / name, index)
    _write_list(root, f'list/{domain}List.txt', lines)
  task = _load(tmp_path, 'image_clef', 'i', 'p')
  assert task.target.examples.y.tolist() == [label for _, label in lines]
  table = prepare.prepare(image_clef.PUBLISHED, tmp_path, ('b', 'p'))
  assert _column(table, 'found') == {'b': '-', 'p': '24'}
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
  task = _load(tmp_path, 'camelyon17', 'center0', 'center2')
  assert list(task.target.names) == [name for name, _ in expected[2]]
  assert task.target.examples.y.tolist() == [y for _, y in expected[2]]
  table = prepare.prepare(camelyon17.PUBLISHED, tmp_path, ('center0',))
  assert _column(table, 'found') == {'center0': '8'}


def test_a_table_without_a_column_is_named(tmp_path):
  (tmp_path / 'metadata.csv').write_text(',patient,node\n0,004,4\n')
  with pytest.raises(UserError, match=r'metadata\.csv has no column center'):
    _load(tmp_path, 'camelyon17', 'center0', 'center2')


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
    _load(tmp_path, 'image_clef', 'p', 'i')


def test_a_list_may_end_in_empty_lines_and_have_spaces_in_paths(tmp_path):
  for domain in ('i', 'p'):
    _write(tmp_path / domain / 'a b.png', 0)
    (tmp_path / f'{domain}List.txt').write_text(f'{domain}/a b.png 3\n\n \n')
  task = _load(tmp_path, 'image_clef', 'p', 'i')
  assert task.target.examples.y.tolist() == [3]
  assert list(task.target.names) == ['i/a b.png']


def test_every_dataset_is_registered_once():
  for name, module in MODULES.items():
    record = module.PUBLISHED
    assert data.DATASETS[name].load is module.load
    assert BUILDERS[name].PUBLISHED is record
    assert len(set(record.class_names)) == len(record.class_names)
    assert re.match(r'@\w+{\w+,\n', record.citation)
    for file in record.files:
      assert set(file.domains) <= set(record.counts)


def test_published_numbers_of_classes_and_examples():
  sizes = {
    'office31': (31, 4110),
    'office_caltech10': (10, 2533),
    'office_home': (65, 15588),
    'visda2017': (12, 207785),
    'domainnet': (345, 586575),
    'domainnet126': (126, 145145),
    'image_clef': (12, 2400),
    'pacs': (7, 9991),
    'camelyon17': (2, 455954),
  }
  assert sizes == {
    name: (
      len(module.PUBLISHED.class_names),
      sum(sum(c.values()) for c in module.PUBLISHED.counts.values()),
    )
    for name, module in MODULES.items()
  }


def test_the_order_of_domainnets_classes_is_that_of_its_file_names():
  # Files are called <domain>_<number of the class>_<number>.jpg.
  numbers = {
    'aircraft_carrier': 1,
    'cello': 67,
    'cell_phone': 68,
    'teddy-bear': 304,
    'The_Great_Wall_of_China': 310,
    'truck': 326,
    't-shirt': 328,
    'umbrella': 329,
    'zebra': 344,
  }
  names = domainnet.PUBLISHED.class_names
  assert {name: names.index(name) + 1 for name in numbers} == numbers
  subset = domainnet126.PUBLISHED.class_names
  assert sorted(subset, key=names.index) == list(subset)


def test_present_takes_the_first_folder_that_has_something(
  tmp_path, write_tree
):
  record = pacs.PUBLISHED
  assert published.present(record, tmp_path, ('photo',)) is None
  write_tree(tmp_path / 'PACS' / 'kfold' / 'photo', record.class_names)
  root, found = published.present(record, tmp_path, ('photo', 'sketch'))
  assert root == tmp_path / 'PACS' / 'kfold'
  assert found['sketch'] == {}
  assert len(found['photo']['all'].y) == 14
