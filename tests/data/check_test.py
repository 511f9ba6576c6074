"""The command on data with planted faults: exit codes, words, the page."""

import re
import shutil
import subprocess
import sys

from absl.testing import flagsaver
import numpy as np
from PIL import Image
import pytest

from da_jax import data
from da_jax.data import check
from da_jax.data.audit import advice, findings
from da_jax.data.pair import Domain, Examples, Task
from da_jax.data.transforms import rows
from da_jax.errors import UserError
from tests import scripts

CLASSES = {'bike': 6, 'mug': 6}
READY, REFUSED = 'Ready to train.', 'Training would be refused.'


@pytest.fixture
def root(tmp_path):
  for domain, side in (('day', 32), ('night', 40)):
    scripts.write_images(tmp_path / 'root', domain, CLASSES, side)
  return tmp_path / 'root'


@pytest.fixture
def run(root, capsys, monkeypatch):
  """Function of flags: exit code, all that was printed, and the page."""
  monkeypatch.setenv('COLUMNS', '250')
  check.FLAGS(['check'])

  def run(**values):
    page = root.parent / 'check.html'
    settings = {
      'dataset': 'folder',
      'data_dir': str(root),
      'source': 'day',
      'target': 'night',
      'image_size': 32,
      'batch_size': 4,
      'out': str(page),
    }
    with flagsaver.flagsaver(**settings | values):
      code = check.main()
    html = page.read_text(encoding='utf-8') if page.exists() else ''
    return code, ' '.join(capsys.readouterr().out.split()), html

  return run


def _files(root):
  return {path: path.read_bytes() for path in root.rglob('*') if path.is_file()}


def test_sound_folders_are_ready_and_stay_as_they_are(run, root):
  before = _files(root)
  code, text, _ = run()
  assert code == 0 and text.endswith(READY)
  assert 'warning' not in text and 'refused' not in text
  assert _files(root) == before
  for row in (
    'examples 12 12',
    'an example 32 x 32 x 3 32 x 32 x 3',
    'sizes of files 32 x 32 / 32 x 32 / 32 x 32 40 x 40 / 40 x 40 / 40 x 40',
    'bike 6 6',
    'source_train 10 2 5',
  ):
    assert row in text
  assert 'Labels of the target are read here only to describe' in text
  assert 'on 10 source and 12 target training examples' in text


def test_page_shows_images_and_needs_no_other_file(run, root):
  (root / 'day' / 'bike').rename(root / 'day' / '<&> $x_1')
  (root / 'night' / 'bike').rename(root / 'night' / '<&> $x_1')
  html = run()[2]
  assert html.count('alt="source image of class') == 8
  assert html.count('alt="target image of class mug"') == 4
  assert 'alt="Shares of 2 classes in both domains."' in html
  assert '&lt;&amp;&gt; $x_1' in html and '<&>' not in html
  addresses = re.findall(r'(?:src|href)="([^"]*)"', html)
  assert all(address.startswith('data:') for address in addresses)
  bare = re.sub('data:[^"]*', '', html)
  assert 'http' not in bare and 'url(' not in bare and '<script' not in bare


def test_copies_between_domains_are_named(run, root):
  shutil.copy(root / 'day' / 'mug' / '3.png', root / 'night' / 'bike' / 'a.png')
  code, text, html = run(protocol='split')
  assert code == 0 and READY in text
  for said in (text, html):
    warnings = re.findall(r'[Ww]arning: (source_\w+ and target_\w+): 1', said)
    assert len(warnings) == 1
    assert 'day: mug/3.png = night: bike/a.png' in said
    assert '1 of them under different labels' in said


def test_copies_within_a_domain_are_named(run, root):
  shutil.copy(root / 'day' / 'mug' / '3.png', root / 'day' / 'mug' / 'b.png')
  code, text, _ = run()
  assert code == 0
  words = 'within day: 1 content more than once (day: mug/3.png = day: mug/b'
  assert words in text and 'different labels' not in text


def test_imbalance_is_named(run, root):
  rng = np.random.default_rng(0)
  for number in range(6, 50):
    image = rng.integers(256, size=(8, 8, 3)).astype(np.uint8)
    Image.fromarray(image).save(root / 'day' / 'mug' / f'{number}.png')
  for number in range(1, 6):
    (root / 'day' / 'bike' / f'{number}.png').unlink()
  code, text, _ = run()
  assert code == 0
  assert 'day: the largest class has 50 times the examples of' in text
  assert 'warning: source_val has no example of bike.' in text


@pytest.mark.parametrize(('policy', 'code'), [(None, 2), ('skip', 0)])
def test_every_broken_file_is_named_and_the_rest_described(
  run, root, policy, code
):
  for name in ('1.png', '2.png'):
    (root / 'night' / 'mug' / name).write_text('no image')
  exit_code, text, _ = run(broken_files=policy)
  assert exit_code == code and text.endswith(REFUSED if code else READY)
  assert ('refused: 2 files cannot be read' in text) == bool(code)
  assert 'night: 2 broken, here left out: mug/1.png (no known' in text
  assert 'examples 12 10' in text


def _rename(root):
  (root / 'night' / 'mug').rename(root / 'night' / 'cup')


def _one_each(root):
  for path in (root / 'day').rglob('[1-9].png'):
    path.unlink()


@pytest.mark.parametrize(
  ('harm', 'values', 'reason', 'described'),
  [
    (lambda r: shutil.rmtree(r / 'night'), {}, 'there is no folder', False),
    (_rename, {}, 'only night has cup', True),
    (_one_each, {}, 'no class with two of them', True),
    (lambda r: 0, {'batch_size': 12}, 'larger than the data: .* day has', True),
    (lambda r: 0, {'batch_size': 7}, 'batch_size=7 does not divide', True),
    (lambda r: 0, {'protocol': 'published'}, 'no published test split', True),
    (lambda r: 0, {'target_classes': ['pen']}, 'has no class pen', True),
  ],
)
def test_what_training_refuses_is_refused(
  run, root, harm, values, reason, described
):
  harm(root)
  code, text, html = run(**values)
  assert code == 2 and text.endswith(REFUSED)
  assert re.search(f'refused: .*{reason}', text)
  assert ('Equal contents' in text) == bool(html) == described


def test_a_target_of_one_example_is_refused(run, root):
  for path in (root / 'night').rglob('*.png'):
    if path.name != '0.png' or path.parent.name != 'mug':
      path.unlink()
  shutil.rmtree(root / 'night' / 'bike')
  code, text, _ = run(target_classes=['mug'])
  assert code == 2
  assert 'refused: night has 1 example to train' in text


@pytest.mark.parametrize('out', ['precious.csv', 'absent/check.html'])
def test_a_page_that_cannot_be_written_is_named(run, root, out):
  with pytest.raises(UserError, match=re.escape(out)):
    run(out=str(root / out))


def _task(x_s, x_t, y_s=None, y_t=None):
  def domain(name, x, y):
    y = np.arange(len(x)) % 2 if y is None else y
    return Domain(name, ('a', 'b'), Examples(x, y.astype(np.int32)))

  return Task(
    'rows',
    domain('here', x_s, y_s),
    domain('there', x_t, y_t),
    protocol='transductive',
    backbone='mlp',
    transform=lambda augmentation: rows(),
  )


def _warnings(task):
  found = findings.examine(task, data.Protocol(), batch_size=4)
  return found, ' '.join(advice.warnings(found, data.Protocol()))


def _rows(seed, scale=1.0):
  x = np.random.default_rng(seed).random((40, 3)) * scale
  return x.astype(np.float32)


def test_values_of_other_magnitude_are_named():
  x_t = _rows(1)
  x_t[:, 2] *= 255
  _, text = _warnings(_task(_rows(0), x_t))
  assert re.search('channel 2 goes from .* in here and from .* in there', text)
  assert 'magnitude' not in _warnings(_task(_rows(0), _rows(1, 10.0)))[1]


def test_values_that_are_not_finite_and_absent_classes_are_named():
  x_s = _rows(0)
  x_s[3, 1] = np.nan
  _, text = _warnings(_task(x_s, _rows(1), y_t=np.zeros(40)))
  assert 'source_train has values that are not finite' in text
  assert 'there has no example of b.' in text
  assert 'target_train has no example of b.' in text


def test_numbers_of_rows_are_their_names():
  x_t = _rows(1)
  x_t[7] = _rows(0)[4]
  _, text = _warnings(_task(_rows(0), x_t))
  assert 'here: row 4 = there: row 7' in text


def test_label_shift_is_measured_on_training_labels():
  y_t = np.repeat([0, 1], [30, 10])
  found, _ = _warnings(_task(_rows(0), _rows(1), y_t=y_t))
  assert found.label_shift == pytest.approx(0.25)
  assert found.refusals == ()


def test_digits_from_the_command_line(tmp_path):
  def command(*flags):
    return subprocess.run(
      [sys.executable, '-m', 'da_jax.data.check', *flags],
      cwd=tmp_path,
      env=scripts.environment() | {'PYTHONPATH': str(scripts.ROOT)},
      capture_output=True,
      text=True,
      check=False,
    )

  ready = command()
  assert ready.returncode == 0, ready.stderr
  assert READY in ready.stdout and 'warning' not in ready.stdout
  page = tmp_path / 'check-digits-plain-photo.html'
  assert [path.name for path in tmp_path.glob('*.html')] == [page.name]
  assert page.read_text().count('alt="target image of class') == 40
  wrong = command('--bogus')
  assert wrong.returncode == 2 and 'check: Unknown command line' in wrong.stderr


@pytest.mark.parametrize('text_as', ['tfidf', 'hashed', 'tokens'])
def test_texts_are_looked_at_however_they_are_shown(run, tmp_path, text_as):
  for name, words in (('a', 'red blue'), ('b', 'low high')):
    lines = [f'{words} {i % 7} {i},{"xy"[i % 2]}' for i in range(40)]
    (tmp_path / f'{name}.csv').write_text('\n'.join(['text,label', *lines]))
  (tmp_path / 'b.csv').open('a').write('\nlow high 0 0,y\n')
  code, text, _ = run(
    dataset='text',
    data_dir=str(tmp_path),
    source='a.csv',
    target='b.csv',
    image_size=None,
    text_as=text_as,
  )
  assert code == 0 and text.endswith(READY)
  assert 'within b.csv: 1 content more than once' in text
  assert '1 of them under different labels' in text


def test_numbers_that_are_filled_are_not_warned_of(run, tmp_path):
  rows = [f'{i},{i * i % 7},{"xy"[i % 2]}' for i in range(40)]
  for name in 'ab':
    table = '\n'.join(['u,v,label', *rows, ',1,x'])
    (tmp_path / f'{name}.csv').write_text(table)
  settings = {'dataset': 'features', 'data_dir': str(tmp_path)}
  settings |= {'source': 'a.csv', 'target': 'b.csv', 'image_size': None}
  code, text, _ = run(**settings)
  assert code == 2 and '--missing=mean' in text
  code, text, _ = run(**settings, missing='median')
  assert code == 0 and 'values not finite 1 1' in text
  assert 'that are not finite' not in text
