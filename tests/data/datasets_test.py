import pathlib

import pytest

from da_jax import data
from da_jax.errors import UserError


@pytest.mark.parametrize('name', data.DATASETS)
def test_defaults_are_domains(name):
  entry = data.DATASETS[name]
  if entry.domains is None:
    assert entry.source is entry.target is None
  else:
    assert {entry.source, entry.target} <= set(entry.domains)
    assert entry.source != entry.target


@pytest.mark.parametrize(
  ('dataset', 'kwargs', 'culprit'),
  [
    ('digit', {}, "'digit': choose from digits, digits_five, office31"),
    (
      'digits_five',
      {'source': 'emnist'},
      "'emnist' as source: choose from mnist",
    ),
    ('office31', {'target': 'caltech10'}, "'caltech10' as target.*amazon"),
    ('digits_five', {'source': 'usps'}, "same domain, 'usps'"),
    ('folder', {}, 'needs a source'),
    ('folder', {'source': 'a'}, 'needs a target'),
    ('digits', {'image_size': 32}, 'image_size'),
    ('digits_five', {'image_size': 32}, 'image_size'),
    ('digits_five', {}, r'Looked in: nowhere/mnist, .*https://'),
    ('office31', {}, r'Looked in: nowhere/office31, .*https://'),
  ],
)
def test_wrong_use_is_named(dataset, kwargs, culprit):
  with pytest.raises(UserError, match=culprit):
    data.load(dataset, data_dir='nowhere', **kwargs)


@pytest.mark.parametrize('folder', ['/some/data', None])
def test_the_data_folder_comes_from_the_environment(monkeypatch, folder):
  if folder:
    monkeypatch.setenv('DA_JAX_DATA', folder)
  else:
    monkeypatch.delenv('DA_JAX_DATA', raising=False)
    folder = pathlib.Path.home() / 'da_jax_data'
  with pytest.raises(UserError, match=f'{folder}/office31'):
    data.load('office31')
