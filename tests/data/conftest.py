"""Small trees of images, and the real data if they are there."""

import os
import pathlib

import numpy as np
from PIL import Image
import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def real_data():
  """Function of folder names: the folder of real data that has them all."""
  folder = os.environ.get('DA_JAX_DATA') or _ROOT.parent / 'shared' / 'data'
  folder = pathlib.Path(folder).expanduser()

  def find(*names):
    absent = [name for name in names if not (folder / name).is_dir()]
    if absent:
      pytest.skip(f'real data: no {", ".join(absent)} in {folder}')
    return folder

  return find


@pytest.fixture
def write_tree():
  """Function that writes `<root>/<class>/<number>.png` of random pixels."""

  def write(root, classes, per_class=2, reverse=False):
    order = sorted(classes, reverse=reverse)
    for name in order:
      (root / name).mkdir(parents=True)
      for index in sorted(range(per_class), reverse=reverse):
        seed = (sum(map(ord, name)), index)
        pixels = np.random.default_rng(seed).integers(0, 256, (12, 10, 3))
        image = Image.fromarray(pixels.astype(np.uint8))
        image.save(root / name / f'{index}.png')
    return root

  return write


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
  """Keeps the user's own cache of prepared datasets out of the tests."""
  folder = tmp_path / 'cache'
  monkeypatch.setenv('DA_JAX_CACHE', str(folder))
  return folder
