"""The script that paints a folder, as users run it."""

import numpy as np
from PIL import Image

from da_jax.data.own import folder as own_folder
from tests import scripts


def _paint(folder, **changes):
  flags = {
    'content': folder / 'day',
    'style': folder / 'night',
    'out': folder / 'out',
    'size': 24,
    'steps': 2,
    'batch_size': 2,
  } | changes
  given = [f'--{name}={value}' for name, value in flags.items() if value]
  return scripts.run('paint', *given, devices=1)


def test_paints_a_folder_that_training_reads(tmp_path, random_weights):
  scripts.write_images(tmp_path, 'day', {'cup': 3, 'pen': 3})
  scripts.write_images(tmp_path, 'night', {'cup': 2, 'pen': 2})
  (tmp_path / 'day' / 'pen' / '2.png').write_bytes(b'words')
  weights = random_weights('squeezenet1_1')[0]
  process = _paint(tmp_path, weights=weights)
  assert process.returncode == 0, process.stderr
  assert f'5 pictures: {tmp_path / "out"}' in process.stdout
  assert '2.png cannot be read' in process.stderr
  assert '5/6' in process.stderr
  with Image.open(tmp_path / 'out' / 'cup' / '0.png') as image:
    assert image.size == (24, 24)
  task = own_folder.load(tmp_path, 'out', 'night', image_size=32)
  assert task.source.class_names == ('cup', 'pen')
  assert np.bincount(task.source.examples.y).tolist() == [3, 2]


def test_wrong_use_is_one_sentence(tmp_path, random_weights):
  scripts.write_images(tmp_path, 'day', {'cup': 1})
  scripts.write_images(tmp_path, 'night', {'cup': 1})
  weights = random_weights('squeezenet1_1')[0]
  for changes, said in (
    ({'weights': None}, '--weights=squeezenet1_1.tv_in1k'),
    ({'layer': 'fire9'}, '--layer=fire9 is none of conv1, fire2'),
    ({'style': tmp_path / 'away'}, f'there is no folder {tmp_path / "away"}'),
    ({'out': tmp_path / 'day' / 'cup'}, 'is inside of'),
  ):
    process = _paint(tmp_path, **{'weights': weights} | changes)
    assert process.returncode == 2, process.stderr
    assert 'Traceback' not in process.stderr
    assert said in process.stderr
