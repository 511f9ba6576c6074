"""The records of published datasets."""

import re

from da_jax import data
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


# Dataset -> the folders of two of its domains, as published.
TREES = {
  'office31': {'amazon': 'amazon/images', 'dslr': 'dslr/images'},
  'office_caltech10': {'dslr': 'dslr', 'caltech10': 'caltech10'},
  'office_home': {'art': 'Art', 'real_world': 'Real World'},
  'visda2017': {'synthetic': 'train', 'real': 'validation'},
  'image_clef': {'c': 'c', 'p': 'p'},
  'pacs': {'photo': 'photo', 'art_painting': 'art_painting'},
}
