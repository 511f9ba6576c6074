"""The script as users run it."""

import numpy as np
from PIL import Image
import pytest

from tests import scripts


@pytest.fixture
def pictures(tmp_path):
  rng = np.random.default_rng(0)
  for name, (h, w) in {'a.png': (24, 40), 'b.jpg': (50, 50)}.items():
    pixels = rng.integers(0, 256, (h, w, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / name)
  return tmp_path


def _flags(folder, **changes):
  flags = {
    'content': folder / 'a.png',
    'style': folder / 'b.jpg',
    'out': folder / 'c.png',
    'backbone': 'squeezenet1_1',
  } | changes
  return [f'--{name}={value}' for name, value in flags.items() if value]


def _fails(folder, **changes):
  process = scripts.run('style', *_flags(folder, **changes), devices=1)
  assert process.returncode == 2, process.stderr
  assert 'Traceback' not in process.stderr
  assert not (folder / 'c.png').exists()
  return process.stderr


@pytest.mark.slow
def test_all_flags(pictures, random_weights):
  options = {
    'weights': random_weights('squeezenet1_1')[0],
    'size': 64,
    'steps': 4,
    'save_every': 2,
    'optimizer': 'adam',
    'learning_rate': 0.1,
    'start': 'noise',
    'seed': 3,
    'content_weight': 0.5,
    'style_weight': 10,
    'tv_weight': 2,
  }
  process = scripts.run('style', *_flags(pictures, **options), devices=1)
  assert process.returncode == 0, process.stderr
  assert 'c.png: content' in process.stdout
  assert '4/4' in process.stderr
  written = {path.name for path in pictures.iterdir()}
  assert written == {'a.png', 'b.jpg', 'c-2.png', 'c.png'}
  with Image.open(pictures / 'c.png') as last:
    assert last.size == (64, 38)
    with Image.open(pictures / 'c-2.png') as earlier:
      assert np.any(np.asarray(last) != np.asarray(earlier))


@pytest.mark.slow
def test_lbfgs_of_vgg_at_32_pixels(pictures, random_weights):
  path, _, _ = random_weights('vgg16')
  options = {'backbone': 'vgg16', 'weights': path, 'size': 32, 'steps': 3}
  process = scripts.run('style', *_flags(pictures, **options), devices=1)
  assert process.returncode == 0, process.stderr
  with Image.open(pictures / 'c.png') as image:
    assert image.size == (32, 19)


def test_wrong_use_is_one_sentence(pictures, random_weights):
  path, _, _ = random_weights('squeezenet1_1')
  assert '--weights=squeezenet1_1.tv_in1k' in _fails(pictures)
  gone = pictures / 'gone.safetensors'
  assert f'{gone} does not exist' in _fails(pictures, weights=gone)
  assert '--content' in _fails(pictures, content=None, weights=path)
  absent = _fails(pictures, content=pictures / 'z.png', weights=path)
  assert 'z.png is not a file' in absent
  (pictures / 'b.jpg').write_bytes(b'words')
  assert 'b.jpg cannot be read' in _fails(pictures, weights=path)
