"""Every preset parses and runs two steps, so that none can rot."""

import gzip
import json
import struct

import numpy as np
import pytest

from da_jax.data.published import office31
from tests import scripts

PRESETS = sorted((scripts.ROOT / 'experiments' / 'flags').glob('*.flags'))
QUICK = ('mmd.digits',)


@pytest.fixture(scope='module')
def data_dir(tmp_path_factory):
  """Small data in the published layouts."""
  root = tmp_path_factory.mktemp('data')
  rng = np.random.default_rng(0)
  (root / 'mnist').mkdir()
  (root / 'usps').mkdir()
  for split in ('train', 't10k'):
    y = np.arange(40, dtype=np.uint8) % 10
    x = rng.integers(256, size=(40, 28, 28)).astype(np.uint8)
    for kind, array in (('images-idx3', x), ('labels-idx1', y)):
      header = struct.pack('>HBB', 0, 8, array.ndim)
      header += struct.pack(f'>{array.ndim}I', *array.shape)
      with gzip.open(root / 'mnist' / f'{split}-{kind}-ubyte.gz', 'wb') as file:
        file.write(header + array.tobytes())
  y = np.arange(40) % 10
  x = rng.random((40, 16, 16)).astype(np.float32)
  np.savez(
    root / 'usps' / 'usps_16x16.npz', x_train=x, y_train=y, x_test=x, y_test=y
  )
  classes = dict.fromkeys(office31.PUBLISHED.class_names, 2)
  for domain in ('amazon', 'webcam'):
    scripts.write_images(root / 'office31', domain, classes)
  return root


@pytest.mark.parametrize(
  'preset',
  [
    pytest.param(
      path,
      id=path.stem,
      marks=() if path.stem in QUICK else pytest.mark.slow,
    )
    for path in PRESETS
  ],
)
def test_preset_runs_two_steps(preset, data_dir, tmp_path):
  small = ()
  if 'office31' in preset.name:  # in their own size, compiling takes minutes
    small = ('--image_size=32', '--backbone=lenet')
  process = scripts.run(
    preset.name.split('.')[0],
    f'--flagfile={preset}',
    '--steps=2',
    '--batch_size=4',
    '--baseline=none',
    '--noreport',
    f'--data_dir={data_dir}',
    f'--workdir={tmp_path}/run',
    *small,
  )
  assert process.returncode == 0, process.stderr
  results = json.loads((tmp_path / 'run' / 'results.json').read_text())
  assert results['steps'] == 2 and results['method'] in preset.name
