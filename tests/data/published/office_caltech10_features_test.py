import numpy as np
import pytest
from scipy import io

from da_jax import data
from da_jax.data.published import office_caltech10, office_caltech10_surf
from da_jax.errors import UserError

SURF, DECAF6 = 'office_caltech10_surf', 'office_caltech10_decaf6'
WIDTH = {SURF: 800, DECAF6: 4096}
ENDING = {SURF: 'SURF_L10', DECAF6: 'decaf'}
N = 40


def _rows(dataset, domain):
  rng = np.random.default_rng(sum(map(ord, domain)))
  return rng.integers(0, 9, (N, WIDTH[dataset])).astype(np.uint8)


Y = np.arange(N) % 10


def _write(folder, dataset, stem, domain, name='fts', labels='labels'):
  folder.mkdir(parents=True, exist_ok=True)
  path = folder / f'{stem}_{ENDING[dataset]}.mat'
  io.savemat(path, {name: _rows(dataset, domain), labels: (Y + 1)[:, None]})
  return path


@pytest.fixture
def root(tmp_path):
  _write(tmp_path, SURF, 'Caltech10', 'caltech10')
  _write(tmp_path, SURF, 'dslr', 'dslr')
  return tmp_path


def _load_task(root, dataset=SURF, source='caltech10', target='dslr'):
  return data.load_task(dataset, data_dir=root, source=source, target=target)


@pytest.mark.parametrize('name', ['fts', 'feas'])
@pytest.mark.parametrize('dataset', WIDTH)
@pytest.mark.parametrize('stem', ['Caltech10', 'caltech10', 'caltech'])
def test_layouts(tmp_path, dataset, stem, name):
  _write(tmp_path / dataset, dataset, stem, 'caltech10', name)
  _write(tmp_path / dataset, dataset, 'dslr', 'dslr', name, 'label')
  task = _load_task(tmp_path, dataset)
  for domain in (task.source, task.target):
    np.testing.assert_array_equal(
      domain.examples.x, _rows(dataset, domain.name)
    )
    np.testing.assert_array_equal(domain.examples.y, Y)
    assert domain.examples.x.dtype == np.float32
    assert domain.class_names == office_caltech10.CLASS_NAMES


def test_a_pair_is_prepared_by_its_training_rows(root):
  pair = data.load(SURF, data_dir=root, source='caltech10', target='dslr')
  assert pair.target_train is pair.target_test
  np.testing.assert_allclose(pair.target_train.x.mean(0), 0, atol=1e-5)
  np.testing.assert_allclose(pair.source_train.x.std(0), 1, atol=1e-4)
  assert len(pair.source_val.y) == 10
  assert sorted(pair.fitted) == [
    'source/mean',
    'source/std',
    'target/mean',
    'target/std',
  ]
  assert pair.backbone == 'mlp'
  assert pair.prepare(pair.target_test.x).dtype == np.float32


def test_augmentation_is_refused(root):
  with pytest.raises(UserError, match='--flip changes images'):
    data.load(
      SURF,
      data_dir=root,
      source='caltech10',
      target='dslr',
      augmentation=data.Augmentation(flip=True),
    )


def _rewrite(path, **arrays):
  content = {n: a for n, a in io.loadmat(path).items() if n[0] != '_'}
  io.savemat(path, content | arrays)


@pytest.mark.parametrize(
  ('harm', 'culprit'),
  [
    (lambda p: p.write_bytes(p.read_bytes()[:300]), r'dslr.*mat is damaged'),
    (
      lambda p: p.unlink(),
      r'dslr of office_caltech10_surf was.*dslr_SURF_L10\.mat.*https://',
    ),
    (
      lambda p: _rewrite(p, labels=Y[:, None]),
      r'dslr_SURF_L10\.mat has the label 0; 1 to 10 are',
    ),
    (
      lambda p: _rewrite(p, labels=np.ones((3, 1))),
      r'dslr.*mat: .*\[40, 800\].*\[3, 1\] instead',
    ),
    (
      lambda p: _rewrite(p, fts=np.ones((40, 4096))),
      r'dslr.*mat: .*\[40, 4096\].* instead of \[n, 800\]',
    ),
    (
      lambda p: _rewrite(p, fts=np.array([[1, 'a']], object)),
      r'dslr.*mat: .* fts .* numbers',
    ),
    (
      lambda p: _rewrite(
        p,
        fts=np.where(np.arange(N) == 6, np.nan, 1.0)[:, None]
        * np.ones((1, 800)),
      ),
      r'dslr.*mat: row 7 has',
    ),
    (lambda p: io.savemat(p, {'x': 1}), r'dslr.*no variable fts or feas'),
  ],
)
def test_what_is_wrong_with_a_file_is_named(root, harm, culprit):
  harm(root / 'dslr_SURF_L10.mat')
  with pytest.raises(UserError, match=culprit):
    _load_task(root)


# 1-nearest-neighbour, percent: jindongwang/transferlearning, benchmark.md.
PUBLISHED = {
  ('caltech10', 'amazon'): 23.70,
  ('caltech10', 'webcam'): 25.76,
  ('caltech10', 'dslr'): 25.48,
  ('amazon', 'caltech10'): 26.00,
  ('amazon', 'webcam'): 29.83,
  ('amazon', 'dslr'): 25.48,
  ('webcam', 'caltech10'): 19.86,
  ('webcam', 'amazon'): 22.96,
  ('webcam', 'dslr'): 59.24,
  ('dslr', 'caltech10'): 26.27,
  ('dslr', 'amazon'): 28.50,
  ('dslr', 'webcam'): 63.39,
}


@pytest.mark.parametrize('domains', PUBLISHED)
def test_nearest_neighbours_reproduce_the_published_numbers(real_data, domains):
  task = _load_task(real_data(SURF), SURF, *domains)
  # As published, all rows of the source train: none is held out.
  pair = data.draw(task._replace(fit=lambda pair: pair))
  pair = task.fit(pair._replace(source_train=task.source.examples))
  source, target = pair.source_train, pair.target_test
  distance = (source.x**2).sum(1) - 2 * target.x @ source.x.T
  right = source.y[distance.argmin(1)] == target.y
  assert round(100 * right.mean(), 2) == PUBLISHED[domains]


def test_classes_are_in_the_order_of_the_names_of_the_images(real_data):
  folder = real_data(SURF) / SURF
  for domain in ('amazon', 'Caltech10', 'dslr', 'webcam'):
    names = io.loadmat(folder / f'{domain}_SURF_L10_imgs.mat')['imgNames']
    path = folder / f'{domain}_SURF_L10.mat'
    y = io.loadmat(path)['labels'].ravel() - 1
    for (name,), label in zip(names, y, strict=True):
      class_name = office_caltech10.CLASS_NAMES[label]
      assert class_name in name.item().replace('_', '')


def test_published_files(real_data):
  folder = real_data(SURF)
  counts = {
    name: len(_load_task(folder, SURF, name, other).source.examples.y)
    for name, other in zip(
      office_caltech10_surf.DOMAINS,
      office_caltech10_surf.DOMAINS[::-1],
      strict=True,
    )
  }
  assert counts == {
    'amazon': 958,
    'caltech10': 1123,
    'dslr': 157,
    'webcam': 295,
  }
