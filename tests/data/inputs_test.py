"""What a run keeps of its data makes new examples what the pair's were."""

import json

import jax
import numpy as np
import pytest

from da_jax import data
from da_jax.data import inputs
from tests import toy


def _rows(folder):
  for name, shift in (('a', 0.0), ('b', 1.0)):
    x, y = toy.examples(40, shift, len(name))
    x[3, 1] = 1e3
    x[5, 2] = np.nan
    np.savez(folder / f'{name}.npz', x=x, y=y)


def _series(folder):
  rng = np.random.default_rng(0)
  for name in 'ab':
    x = rng.normal(size=(20, 7, 2)) + ord(name)
    np.savez(folder / f'{name}.npz', x=x, y=np.arange(20) % 2)


def _texts(folder):
  words = ['good', 'bad', 'fine', 'poor', 'film', 'book']
  for name in 'ab':
    rng = np.random.default_rng(ord(name))
    lines = [f'"{" ".join(rng.choice(words, 6))}",{i % 2}' for i in range(20)]
    (folder / f'{name}.csv').write_text('\n'.join(['text,label', *lines]))


CASES = {
  'source': (_rows, 'features', 'npz', dict(missing='mean', outliers='clip')),
  'domain': (
    _rows,
    'features',
    'npz',
    dict(missing='median', standardise='domain'),
  ),
  'none': (_series, 'series', 'npz', dict(standardise='none')),
  'series': (_series, 'series', 'npz', {}),
  'tfidf': (_texts, 'text', 'csv', {}),
  'hashed': (_texts, 'text', 'csv', dict(text_as='hashed')),
  'tokens': (_texts, 'text', 'csv', dict(text_as='tokens', text_length=5)),
}


@pytest.mark.parametrize('case', CASES)
def test_new_examples_become_those_of_the_pair(tmp_path, case):
  write, dataset, suffix, options = CASES[case]
  write(tmp_path)
  names = dict(source=f'a.{suffix}', target=f'b.{suffix}')
  task = data.load_task(dataset, data_dir=tmp_path, **names, **options)
  pair = data.load(dataset, data_dir=tmp_path, **names, **options)
  taken = json.loads(json.dumps(pair.inputs))
  raw = task.target.examples.x
  if case in ('hashed', 'tokens'):
    raw = [line.split('"')[1] for line in _lines(tmp_path / 'b.csv')]
  rows = np.arange(len(pair.target_test.y))
  x = inputs.apply_fitted(taken, pair.fitted, raw)
  np.testing.assert_array_equal(x[rows], pair.target_test.x[rows])
  shape = inputs.fitted_shape(taken, pair.fitted)
  assert x[rows].shape[1:] == shape
  assert x[rows].dtype == inputs.dtype(taken)


def _lines(path):
  return path.read_text().splitlines()[1:]


def test_digits_are_normalised_as_they_are_trained_on():
  pair = data.load('digits')
  taken = json.loads(json.dumps(pair.inputs))
  _, prepare = inputs.transform(taken)(data.Augmentation())
  x = pair.target_test.x[:3]
  np.testing.assert_allclose(prepare(x), x / 127.5 - 1, atol=1e-6)
  assert x.shape[1:] == tuple(taken['shape'])
  assert x.dtype == inputs.dtype(taken)


@pytest.mark.parametrize(('size', 'stored'), [(32, 32), (96, 110)])
def test_image_files_keep_their_two_sizes(tmp_path, write_tree, size, stored):
  write_tree(tmp_path / 'a', ['cup', 'mug'], 3)
  write_tree(tmp_path / 'b', ['cup', 'mug'], 3)
  pair = data.load(
    'folder', data_dir=tmp_path, source='a', target='b', image_size=size
  )
  taken = json.loads(json.dumps(pair.inputs))
  assert taken['shape'] == [stored, stored, 3]
  assert pair.target_test.x[:1].shape[1:] == tuple(taken['shape'])
  _, prepare = inputs.transform(taken)(data.Augmentation())
  image = jax.eval_shape(prepare, pair.target_test.x[:1])
  assert image.shape == (1, size, size, 3)
