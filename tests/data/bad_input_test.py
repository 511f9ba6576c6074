"""Bad data end in one sentence that names the culprit, exit code 2, no run."""

import io

import numpy as np
from PIL import Image
import pytest

from tests import scripts

SAME = {'cup': 3, 'mug': 3}


def _folders(root, source=SAME, target=SAME):
  for domain, classes in (('a', source), ('b', target)):
    scripts.write_images(root, domain, classes, side=8)
  return root / 'b' / 'mug' / '0.png'


def _csv(root, source, target=None):
  (root / 'a.csv').write_text(source)
  (root / 'b.csv').write_text(source if target is None else target)


def _npz(root, **target):
  rng = np.random.default_rng(0)
  arrays = {'x': rng.normal(size=(20, 3)), 'y': np.arange(20) % 2}
  np.savez(root / 'a.npz', **arrays)
  np.savez(root / 'b.npz', **{**arrays, **target})


def _png(mode, pixels):
  stream = io.BytesIO()
  Image.fromarray(pixels).convert(mode).save(stream, 'tiff')
  return stream.getvalue()


FOLDER = ('--dataset=folder', '--source=a', '--target=b', '--image_size=8')
CSV = ('--dataset=features', '--source=a.csv', '--target=b.csv')
NPZ = ('--dataset=features', '--source=a.npz', '--target=b.npz')
SERIES = ('--dataset=series', '--source=a.npz', '--target=b.npz')
TEXT = ('--dataset=text', '--source=a.csv', '--target=b.csv')
LIST = ('--dataset=image_list', '--source=a.txt', '--target=b.txt')
TABLE = 'u,v,label\n' + '1,2,x\n3,4,y\n' * 9


def _no_folder(root):
  scripts.write_images(root, 'a', SAME)


def _no_class_folder(root):
  _folders(root)
  (root / 'c').mkdir()


def _empty_class(root):
  _folders(root)
  for domain in 'ab':
    (root / domain / 'jar').mkdir()


def _truncated(root):
  path = _folders(root)
  path.write_bytes(path.read_bytes()[:60])


def _text_as_image(root):
  _folders(root).write_text('not a picture')


def _zero_bytes(root):
  _folders(root).write_bytes(b'')


def _float_pixels(root):
  path = _folders(root)
  path.with_suffix('.tif').write_bytes(_png('F', np.zeros((8, 8), np.float32)))


def _one_class(root):
  _folders(root, {'mug': 3}, {'mug': 3})


def _one_example(root):
  _folders(root, {'cup': 1, 'mug': 1}, SAME)


def _not_utf8(root):
  _csv(root, TABLE)
  (root / 'b.csv').write_bytes(b'u,v,label\n1,2,caf\xe9\n')


def _missing_number(root):
  _csv(root, TABLE, TABLE.replace('3,4', '3,', 1))


def _other_columns(root):
  _csv(root, TABLE, TABLE.replace('u,v', 'u,w'))


def _word_column(root):
  _csv(root, TABLE.replace('1,2', 'one,2'))


def _ragged(root):
  _csv(root, TABLE, TABLE + '1,2\n')


def _unknown_labels(root):
  _csv(root, TABLE, TABLE.replace(',y', ',z'))


def _image_missing(root):
  _folders(root)
  lines = [f'a/{c}/{i}.png {c}' for c in SAME for i in range(3)]
  (root / 'a.txt').write_text('\n'.join(lines))
  (root / 'b.txt').write_text('\n'.join([*lines, 'a/mug/9.png mug']))


def _no_label(root):
  _image_missing(root)
  (root / 'b.txt').write_text('a/mug/0.png\n')


def _series(root):
  rng = np.random.default_rng(0)
  _npz(root, x=rng.normal(size=(20, 9, 3)))
  x = rng.normal(size=(20, 9, 2))
  np.savez(root / 'a.npz', x=x, y=np.arange(20) % 2)


def _document(root):
  _csv(root, TABLE)
  (root / 'a.doc').write_text(TABLE)


def _npz_case(**target):
  return lambda root: _npz(root, **target)


def _csv_case(*texts):
  return lambda root: _csv(root, *texts)


# How to write the data, the flags, and what the answer must name.
CASES = {
  'no domain folder': (_no_folder, FOLDER, ['b', '<class>']),
  'no class folder': (
    _no_class_folder,
    (*FOLDER, '--target=c'),
    ['c has no class folders'],
  ),
  'empty class folder': (_empty_class, FOLDER, ['a/jar', 'no image']),
  'truncated image': (_truncated, FOLDER, ['b/mug/0.png']),
  'text as an image': (_text_as_image, FOLDER, ['b/mug/0.png']),
  'empty image': (_zero_bytes, FOLDER, ['b/mug/0.png']),
  'floating-point image': (_float_pixels, FOLDER, ['b/mug/0.tif']),
  'a class in the source alone': (
    lambda root: _folders(root, {**SAME, 'jar': 3}),
    FOLDER,
    ['only a has jar'],
  ),
  'a class in the target alone': (
    lambda root: _folders(root, SAME, {**SAME, 'jar': 3}),
    FOLDER,
    ['only b has jar'],
  ),
  'a single class': (_one_class, FOLDER, ['mug alone']),
  'a single example a class': (_one_example, FOLDER, ['held out']),
  'unknown class': (_folders, (*FOLDER, '--target_classes=cap'), ['cap']),
  'no test split': (_folders, (*FOLDER, '--protocol=published'), ['published']),
  'too large a sample': (
    _folders,
    (*FOLDER, '--source_examples=9'),
    ['9', 'a'],
  ),
  'image size of rows': (_npz_case(), (*NPZ, '--image_size=8'), ['image_size']),
  'augmented rows': (_npz_case(), (*NPZ, '--blur=0.5'), ['--blur', 'images']),
  'no file': (_folders, CSV, ['a.csv']),
  'unknown suffix': (_document, (*CSV, '--source=a.doc'), ['.doc', '.csv']),
  'label column': (
    _csv_case(TABLE),
    (*CSV, '--label_column=class'),
    ['a.csv', 'class', 'u, v, label'],
  ),
  'domain column': (
    _csv_case(TABLE),
    (*CSV, '--domain_column=site', '--data_dir={}/a.csv'),
    ['site', 'a.csv'],
  ),
  'no rows': (_csv_case(TABLE, 'u,v,label\n'), CSV, ['b.csv', 'no row']),
  'empty file': (_csv_case(TABLE, ''), CSV, ['b.csv']),
  'missing number': (_missing_number, CSV, ['b.csv', 'row 2', 'column v']),
  'other columns': (_other_columns, CSV, ['only', 'has v', 'has w']),
  'column of words': (_word_column, CSV, ['a.csv', 'u', '--drop_columns']),
  'ragged row': (_ragged, CSV, ['b.csv', '20']),
  'other encoding': (_not_utf8, CSV, ['b.csv', 'UTF-8']),
  'other labels': (_unknown_labels, CSV, ['only a.csv has y', 'z']),
  'one row': (_csv_case(TABLE, 'u,v,label\n1,2,x\n'), CSV, ['b.csv']),
  'no x': (
    lambda root: (_npz(root), np.savez(root / 'b.npz', data=1, y=2)),
    NPZ,
    ['b.npz', 'data'],
  ),
  'lengths': (_npz_case(y=np.arange(19) % 2), NPZ, ['b.npz', '19']),
  'objects': (
    _npz_case(y=np.array(['x', None] * 10, object)),
    NPZ,
    ['b.npz', 'objects'],
  ),
  'one-hot labels': (
    _npz_case(y=np.eye(2)[np.arange(20) % 2]),
    NPZ,
    ['b.npz', 'argmax'],
  ),
  'labels in between': (_npz_case(y=np.arange(20) / 2), NPZ, ['b.npz', '0.5']),
  'other width': (_npz_case(x=np.zeros((20, 4))), NPZ, ['b.npz', '3', '4']),
  'no archive': (
    lambda root: (_npz(root), (root / 'b.npz').write_bytes(b'')),
    NPZ,
    ['b.npz'],
  ),
  'other channels': (_series, SERIES, ['channels', '2', '3']),
  'text column': (_csv_case(TABLE), TEXT, ['a.csv', 'text', 'u, v, label']),
  'image not there': (_image_missing, LIST, ['a/mug/9.png']),
  'line without a label': (_no_label, LIST, ['b.txt', 'line 1']),
}


@pytest.mark.parametrize('case', CASES)
def test_one_sentence_and_exit_code_two(case, answer, tmp_path):
  write, asked, named = CASES[case]
  data = tmp_path / 'data'
  data.mkdir()
  write(data)
  before = sorted(tmp_path.rglob('*'))
  asked = [flag.format(data) for flag in asked]
  code, said = answer(
    f'--data_dir={data}', *asked, f'--workdir={tmp_path}/run', '--steps=2'
  )
  assert code == 2, said
  assert len(said.strip().splitlines()) == 1, said
  assert said.startswith('source_only: ')
  for name in named:
    assert name in said
  written = set(tmp_path.rglob('*')) - set(before)
  assert not [path for path in written if 'cache' not in path.parts]


def test_good_data_run_and_are_not_exchanged_behind_a_run(answer, tmp_path):
  _npz(tmp_path)
  command = (
    f'--data_dir={tmp_path}',
    *NPZ,
    f'--workdir={tmp_path}/run',
    '--steps=2',
    '--batch_size=4',
    '--noreport',
  )
  code, said = answer(*command)
  assert code is None, said
  assert (tmp_path / 'run' / 'results.json').exists()
  _npz(tmp_path, x=np.ones((20, 3)))
  code, said = answer(*command)
  assert code == 2
  assert 'other examples, labels or split' in said
