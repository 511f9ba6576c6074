"""Datasets that are folders of classes."""

import numpy as np
from PIL import Image
import pytest

from da_jax.data import prepare
from da_jax.data.published.builders import BUILDERS
from tests.data.published.loading import column, load

# Dataset -> the folders of two of its domains, as published.
TREES = {
  'office31': {'amazon': 'amazon/images', 'dslr': 'dslr/images'},
  'office_caltech10': {'dslr': 'dslr', 'caltech10': 'caltech10'},
  'office_home': {'art': 'Art', 'real_world': 'Real World'},
  'visda2017': {'synthetic': 'train', 'real': 'validation'},
  'image_clef': {'c': 'c', 'p': 'p'},
  'pacs': {'photo': 'photo', 'art_painting': 'art_painting'},
}


@pytest.mark.parametrize('dataset', TREES)
def test_trees(tmp_path, write_tree, dataset):
  names = BUILDERS[dataset].PUBLISHED.class_names
  for folder in TREES[dataset].values():
    write_tree(tmp_path / dataset / folder, names, per_class=2)
  task = load(tmp_path, dataset, *TREES[dataset])
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
    BUILDERS[dataset].PUBLISHED, tmp_path, tuple(TREES[dataset])
  )
  assert set(column(lines, 'found').values()) == {str(2 * len(names))}


@pytest.mark.parametrize('dataset', TREES)
def test_the_pixels_are_those_of_the_files(tmp_path, write_tree, dataset):
  names = BUILDERS[dataset].PUBLISHED.class_names
  for folder in TREES[dataset].values():
    write_tree(tmp_path / dataset / folder, names, per_class=1)
  target = load(tmp_path, dataset, *TREES[dataset]).target
  for row in (0, len(names) - 1):
    with Image.open(tmp_path / dataset / target.names[row]) as image:
      expected = np.asarray(image.resize((8, 8), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(target.examples.x[row], expected)
