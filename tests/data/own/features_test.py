"""Rows of numbers from files of every format."""

import numpy as np
import pyarrow as pa
from pyarrow import parquet
import pytest
from scipy import io

from da_jax import data
from da_jax.errors import UserError
from tests import short, toy

CSV = 'height,label,smoker,weight\n' + '\n'.join(
  f'{i}.5,{"ab"[i % 2]},{"true" if i % 3 else "false"},{i * i}'
  for i in range(8)
)


def _save(path, n=40, shift=0.0, seed=0, **changes):
  examples = toy.examples(n, shift, seed)
  np.savez(path, **({'x': examples.x, 'y': examples.y} | changes))
  return path


def _load(folder, source='a.npz', target='b.npz', **options):
  return data.load(
    'features', data_dir=folder, source=source, target=target, **options
  )


@pytest.fixture
def folder(tmp_path):
  _save(tmp_path / 'a.npz')
  _save(tmp_path / 'b.npz', 30, 1.0, 1)
  (tmp_path / 'a.csv').write_text(CSV)
  (tmp_path / 'b.csv').write_text(CSV)
  return tmp_path


def test_reads_npz(folder):
  task = data.load_task(
    'features', data_dir=folder, source='a.npz', target=f'{folder}/b.npz'
  )
  with np.load(folder / 'a.npz') as file:
    np.testing.assert_array_equal(task.source.examples.x, file['x'])
    np.testing.assert_array_equal(task.source.examples.y, file['y'])
  assert task.target.class_names == ('0', '1', '2')
  pair = _load(folder)
  assert pair.backbone == 'mlp' and pair.target_test is pair.target_train
  np.testing.assert_allclose(pair.source_train.x.mean(0), 0, atol=1e-5)
  np.testing.assert_allclose(pair.source_train.x.std(0), 1, atol=1e-5)
  assert pair.fitted['source/std'].shape == (toy.WIDTH,)


@pytest.mark.parametrize('names', [('x', 'y'), ('fts', 'labels')])
def test_reads_mat(folder, names):
  examples = toy.examples(40, 0.0, 0)
  values = (examples.x, examples.y[:, None] + 1)
  io.savemat(folder / 'a.mat', dict(zip(names, values, strict=True)))
  task = data.load_task(
    'features', data_dir=folder, source='a.mat', target='b.npz'
  )
  np.testing.assert_allclose(task.source.examples.x, examples.x)
  np.testing.assert_array_equal(task.source.examples.y, examples.y)
  assert task.source.class_names == ('1', '2', '3')


def test_reads_published_features(real_data):
  folder = real_data('office_caltech10_surf') / 'office_caltech10_surf'
  names = sorted(path.name for path in folder.glob('*L10.mat'))
  pair = _load(folder, names[0], names[1])
  assert len(pair.class_names) == 10 and pair.source_train.x.shape[1] == 800


@pytest.mark.parametrize('suffix', ['csv', 'parquet'])
def test_reads_tables_and_matches_columns_by_name(folder, suffix):
  if suffix == 'csv':
    rows = [line.split(',') for line in CSV.splitlines()]
    text = '\n'.join(','.join(reversed(row)) for row in rows)
    (folder / 'b.csv').write_text(text)
  else:
    columns = {
      'weight': [i * i for i in range(8)],
      'smoker': [i % 3 > 0 for i in range(8)],
      'label': pa.array(['a', 'b'] * 4).dictionary_encode(),
      'height': [i + 0.5 for i in range(8)],
    }
    parquet.write_table(pa.table(columns), folder / 'b.parquet')
  task = data.load_task(
    'features', data_dir=folder, source='a.csv', target=f'b.{suffix}'
  )
  expected = [[i + 0.5, float(i % 3 > 0), i * i] for i in range(8)]
  for domain in (task.source, task.target):
    np.testing.assert_array_equal(domain.examples.x, expected)
    assert domain.class_names == ('a', 'b')
    assert domain.examples.y.tolist() == [0, 1] * 4


def _one_table(folder, rows):
  text = 'site,kind,v,w\n' + '\n'.join(rows)
  (folder / 'all.csv').write_text(text)
  return {
    'data_dir': folder / 'all.csv',
    'domain_column': 'site',
    'label_column': 'kind',
  }


def test_divides_a_table_by_a_column(folder):
  rows = [f'{(1, 2, 3)[i % 3]},{i % 2},{i},{i / 2}' for i in range(24)]
  options = _one_table(folder, rows)
  task = data.load_task('features', source='1', target='3', **options)
  numbers = np.arange(24.0)
  np.testing.assert_array_equal(
    task.source.examples.x, np.stack([numbers, numbers / 2], 1)[::3]
  )
  np.testing.assert_array_equal(task.target.examples.x[:, 0], numbers[2::3])
  assert task.target.examples.y.tolist() == [0, 1] * 4
  with pytest.raises(UserError, match='site=4, but 1, 2, 3'):
    data.load('features', source='1', target='4', **options)


def test_rows_of_a_divided_table_have_their_numbers_in_the_file(folder):
  rows = [f'{"st"[i % 2]},{i // 2 % 2},{i},{i}' for i in range(12)]
  rows[7] = 't,1,,7'
  options = _one_table(folder, rows)
  with pytest.raises(UserError, match=r'row 8 has no finite .*column v'):
    data.load('features', source='s', target='t', **options)


def test_fills_gaps_of_both_domains_from_the_source(folder):
  rows = CSV.splitlines()
  rows[3] = ',a,true,'
  (folder / 'b.csv').write_text('\n'.join(rows))
  pair = _load(folder, 'a.csv', 'b.csv', missing='median', standardise='none')
  medians = np.median(pair.source_train.x, axis=0)
  np.testing.assert_array_equal(pair.fitted['source/fill'], medians)
  assert pair.target_train.x[2, [0, 2]].tolist() == medians[[0, 2]].tolist()


def test_drops_columns_of_either_file(folder):
  (folder / 'b.csv').write_text(
    '\n'.join(
      f'{line},{"note" if i == 0 else "text"}'
      for i, line in enumerate(CSV.splitlines())
    )
  )
  pair = _load(folder, 'a.csv', 'b.csv', drop_columns=['note', 'height'])
  assert pair.source_train.x.shape[1] == 2
  with pytest.raises(UserError, match=r'b\.csv .*note \(string, .*text.*drop'):
    _load(folder, 'a.csv', 'b.csv')
  with pytest.raises(UserError, match=r'drop_columns=nots: .*but height'):
    _load(folder, 'a.csv', 'b.csv', drop_columns=['note', 'nots'])


def test_training_lowers_the_loss(folder):
  before, after = short.losses(_load(folder))
  assert after < 0.7 * before


def _harmed(name, text):
  return lambda folder: (folder / name).write_text(text)


def _npz(**changes):
  return lambda folder: _save(folder / 'a.npz', **changes)


def _header(old, new):
  return _harmed('a.csv', CSV.replace(old, new, 1))


def _mat(**arrays):
  return lambda folder: io.savemat(folder / 'a.mat', arrays)


def _parquet(**columns):
  return lambda folder: parquet.write_table(
    pa.table(columns), folder / 'a.parquet'
  )


@pytest.mark.parametrize(
  ('source', 'harm', 'culprit'),
  [
    ('c.npz', lambda f: None, r'no file .*/c\.npz or c\.npz'),
    ('a.xls', _harmed('a.xls', ''), r"a\.xls ends with '\.xls': choose"),
    ('./b.npz', lambda f: None, 'same file'),
    ('a.npz', _harmed('a.npz', 'x'), r'a\.npz is no \.npz'),
    ('a.npz', lambda f: np.savez(f / 'a.npz', X=[1]), r'a\.npz has X, but x'),
    ('a.npz', _npz(y=np.zeros(39)), r'differ in length.*\(40, 6\).*\(39,\)'),
    ('a.npz', _npz(y=np.eye(40)), 'argmax'),
    ('a.npz', _npz(y=np.full(40, 0.5)), r'0\.5'),
    ('a.npz', _npz(y=np.zeros(40)), 'class 0 alone'),
    ('a.npz', _npz(x=np.full((40, 6), None)), r'a\.npz .*objects'),
    ('a.npz', _npz(x=np.zeros((40, 6), complex)), 'complex128'),
    ('a.npz', _npz(x=np.full((40, 6), 'a')), '<U1'),
    ('a.npz', _npz(x=np.zeros((40, 2, 3))), r'\(40, 2, 3\).*\[n, d\]'),
    ('a.npz', _npz(x=np.zeros((40, 5))), r'5 columns.*6'),
    ('a.npz', _npz(x=np.zeros((40, 0))), 'empty'),
    ('a.npz', _npz(y=np.arange(40) % 4), 'only a.npz has 3'),
    ('a.mat', _harmed('a.mat', 'x' * 200), r'a\.mat'),
    ('a.mat', _mat(z=[1]), r'a\.mat has z, but x and y, or fts and labels'),
    ('a.csv', _harmed('a.csv', ''), r'a\.csv is empty'),
    ('a.csv', _harmed('a.csv', 'v,label\n'), r'a\.csv has no row'),
    ('a.csv', _harmed('a.csv', 'v,label\n1,a'), '1 rows'),
    ('a.csv', _harmed('a.csv', 'v,label\n1,a\n2,b\n"3\n4"\n'), 'line 5'),
    ('a.csv', _header('label', 'kind'), "'label' but height, kind, smoker"),
    ('a.csv', _header('height', ''), r'a\.csv has an index .*index=False'),
    ('a.csv', _header('height', 'weight'), 'two columns weight'),
    ('a.csv', _header('height', 'age'), r'a\.csv has age; only .*has height'),
    ('a.csv', _header('0.5,a', '0.5,'), "'label', has no label in row 1"),
    ('a.csv', _header('1.5,', 'nan,'), r'row 2 .*column height \(1'),
    ('a.csv', _header('1.5,', '-inf,'), r'row 2 .*column height \(1'),
    ('a.csv', _header('1.5,', '1;5,'), r"height \(string, such as '0\.5'"),
    ('a.csv', _harmed('a.csv', 'label\na\nb\n'), 'no column of numbers'),
    ('a.parquet', _harmed('a.parquet', 'x'), r'a\.parquet cannot be read'),
    ('a.parquet', _parquet(v=[1.0, 2.0], label=[0.5, 1]), r'0\.5'),
    ('a.parquet', _parquet(v=[1, 2], label=['a', None]), 'no label in row 2'),
    (
      'a.parquet',
      _parquet(label=['a', 'b'], **{'__index_level_0__': [1, 2]}),
      'index',
    ),
  ],
)
def test_what_is_wrong_with_a_file_is_named(folder, source, harm, culprit):
  harm(folder)
  table = source.endswith(('csv', 'parquet'))
  with pytest.raises(UserError, match=culprit):
    _load(folder, source, 'b.csv' if table else 'b.npz')


def test_newer_matlab_files_are_named(folder):
  head = b'MATLAB 7.3 MAT-file, Platform: GLNXA64'.ljust(124) + b'\0\x02IM'
  (folder / 'a.mat').write_bytes(head + bytes(512))
  with pytest.raises(UserError, match=r'a\.mat .*7\.3: save it with -v7'):
    _load(folder, 'a.mat')


def test_other_encodings_are_named(folder):
  (folder / 'a.csv').write_bytes(CSV.replace('height', 'höhe').encode('cp1252'))
  with pytest.raises(UserError, match=r'a\.csv is not UTF-8 at byte 1 \(0xf6'):
    _load(folder, 'a.csv', 'b.csv')


@pytest.mark.parametrize(
  ('options', 'culprit'),
  [
    ({'label_column': 'kind'}, 'label_column names columns'),
    ({'drop_columns': ['v']}, 'drop_columns names columns'),
    ({'standardise': 'both'}, 'standardise=both: choose from source'),
    ({'domain_column': 'site'}, 'domain_column=site divides one file'),
  ],
)
def test_what_is_wrong_with_options_is_named(folder, options, culprit):
  with pytest.raises(UserError, match=culprit):
    _load(folder, **options)


def test_a_file_needs_a_domain_column(folder):
  with pytest.raises(UserError, match=r'data_dir=.*a\.csv is a file'):
    _load(folder / 'a.csv', 'x', 'y')
