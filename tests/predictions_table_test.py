"""What a trained run says of the rows of tables, of arrays and of texts."""

import numpy as np
import pytest
from scipy import special

import da_jax
from da_jax import data, predictions
from da_jax.errors import UserError
from tests import scripts

CSV = 'height,label,weight\n'


@pytest.fixture(scope='module')
def rows(tmp_path_factory):
  """A finished run on two tables, and their folder."""
  folder = tmp_path_factory.mktemp('tables')
  rng = np.random.default_rng(0)
  for name, shift in (('a', 0.0), ('b', 30.0)):
    y = np.arange(60) % 2
    x = rng.normal(size=(60, 2)) * (5.0, 900.0) + shift + 3 * y[:, None]
    lines = [f'{x[i, 0]},{("no", "yes")[y[i]]},{x[i, 1]}' for i in range(60)]
    (folder / f'{name}.csv').write_text(CSV + '\n'.join(lines) + '\n')
  flags = (f'--data_dir={folder}', '--source=a.csv', '--target=b.csv')
  flags = ('--dataset=features', *flags, '--standardise=domain')
  return scripts.train(folder / 'run', *flags), folder


def test_rows_get_what_the_run_says_of_them_standardised(rows):
  run, folder = rows
  out = folder / 'p.csv'
  process = scripts.run(
    'predict', f'--run={run}', f'--table={folder}/b.csv', f'--out={out}'
  )
  assert process.returncode == 0, process.stderr
  pair = data.load(
    'features',
    data_dir=folder,
    source='a.csv',
    target='b.csv',
    standardise='domain',
  )
  model = da_jax.load(run)
  prediction = model.predict_all(model.state, pair.target_test.x)
  expected = special.softmax(prediction.logits.astype(np.float64), axis=1)
  lines = scripts.lines(out)
  found = scripts.probabilities(lines, ('no', 'yes'))
  np.testing.assert_allclose(found, expected, rtol=2e-5)
  assert [line['row'] for line in lines] == [str(i) for i in range(1, 61)]
  assert 'error' not in lines[0] and not out.with_suffix('.html').exists()
  # Columns are matched by name and labels are not needed.
  x = predictions.of_table(model, _write(folder, 'weight,height', '40,7'))
  y = predictions.of_table(model, _write(folder, 'height,weight', '7,40'))
  np.testing.assert_array_equal(x.probabilities, y.probabilities)


def _write(folder, header, line):
  path = folder / f'{header.replace(",", "-")}.csv'
  path.write_text(f'{header}\n{line}\n')
  return path


@pytest.mark.parametrize(
  ('header', 'line', 'culprit'),
  [
    ('height,age', '1,2', 'it lacks weight and also has age'),
    ('height', '1', 'it lacks weight'),
    ('height,weight,age', '1,2,3', 'it also has age'),
    ('height,weight', '1,', 'row 1 has no finite number in column weight'),
  ],
)
def test_rows_that_are_not_those_of_the_run_are_named(
  rows, header, line, culprit
):
  run, folder = rows
  path = _write(folder, header, line)
  with pytest.raises(UserError, match=culprit):
    predictions.of_table(da_jax.load(run), path)


def test_arrays_of_another_width_are_named(rows):
  run, folder = rows
  np.savez(folder / 'wide.npz', x=np.zeros((4, 3)))
  with pytest.raises(UserError, match=r'shape \[3\], but .* on \[2\]'):
    predictions.of_table(da_jax.load(run), folder / 'wide.npz')


def test_texts_use_the_words_of_the_run(tmp_path):
  for name in 'ab':
    lines = [
      f'"{("good film", "poor book")[i % 2]} {name} {i % 7}",{i % 2}'
      for i in range(40)
    ]
    (tmp_path / f'{name}.csv').write_text('\n'.join(['text,label', *lines]))
  flags = (f'--data_dir={tmp_path}', '--source=a.csv', '--target=b.csv')
  run = scripts.train(tmp_path / 'run', '--dataset=text', *flags)
  (tmp_path / 'new.csv').write_text('text\ngood film\nunheard\n')
  model = da_jax.load(run)
  found = predictions.of_table(model, tmp_path / 'new.csv')
  words = model.fitted['vocabulary'].tolist()
  row = np.zeros((1, len(words)), np.float32)
  idf = {word: model.fitted['idf'][words.index(word)] for word in words}
  for word in ('good', 'film', 'good film'):
    row[0, words.index(word)] = idf[word]
  row /= np.linalg.norm(row)
  expected = model.predict_all(model.state, row).logits.astype(np.float64)
  np.testing.assert_allclose(
    found.probabilities[0], special.softmax(expected[0]), rtol=1e-5
  )


def test_files_are_refused_by_a_run_on_rows(rows, tmp_path):
  model = da_jax.load(rows[0])
  with pytest.raises(UserError, match='trained on rows: name some by --table'):
    predictions.of_images(model, [tmp_path / 'a.png'])
  with pytest.raises(UserError, match=r"ends with '\.mat'"):
    (tmp_path / 'a.mat').touch()
    predictions.of_table(model, tmp_path / 'a.mat')
