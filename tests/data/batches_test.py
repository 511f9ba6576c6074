"""Batches: the same from a thread and from worker processes."""

import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import time

import jax
import numpy as np
from PIL import Image
import pytest

from da_jax.data import batches
from da_jax.data.files import images
from da_jax.data.pair import Chosen, Examples
from da_jax.errors import UserError
from tests import scripts, toy

SETTINGS = {'batch_size': 4, 'seed': 3, 'target_labels': False}


@pytest.fixture(scope='module')
def pair(tmp_path_factory):
  """Files as the source, mapped rows as the target."""
  folder = tmp_path_factory.mktemp('images')
  rng = np.random.default_rng(0)
  paths = [folder / f'{index}.png' for index in range(10)]
  for path in paths:
    pixels = rng.integers(0, 256, (5, 6, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
  files = images.ImageFiles(images.Paths(tuple(paths)), np.arange(10), 4)
  np.save(folder / 'rows.npy', files[::-1])
  mapped = np.load(folder / 'rows.npy', mmap_mode='r')
  labels = np.arange(10, dtype=np.int32)
  return toy.pair()._replace(
    source_train=Examples(files, labels),
    target_train=Examples(Chosen(mapped, np.arange(1, 9)), labels[1:9]),
    augment=lambda key, x: x,
  )


def _assert_same(one, other):
  jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize(
  ('workers', 'start', 'labels'), [(0, 0, False), (2, 3, False), (1, 0, True)]
)
def test_are_those_of_their_steps(pair, workers, start, labels):
  """Through three epochs of the one, four of the other."""
  settings = {**SETTINGS, 'target_labels': labels}
  stop = start + 7
  made = list(batches.batches(pair, start, stop, workers=workers, **settings))
  assert len(made) == 7
  for step, batch in zip(range(start, stop), made, strict=True):
    expected = batches.batch_at(pair, step, **settings)
    assert batch.keys() == expected.keys()
    _assert_same(batch, expected)
    types = {type(leaf) for leaf in jax.tree.leaves(batch)}
    assert types == {np.ndarray}


def test_hold_the_examples_and_labels_of_each_domain(pair):
  """Pillow decodes, the label is the number of the file."""
  bilinear = Image.Resampling.BILINEAR
  pixels = [
    np.asarray(Image.open(path).resize((4, 4), bilinear))
    for path in pair.source_train.x.read.paths
  ]
  seen = []
  for batch in batches.batches(pair, 0, 2, **SETTINGS):
    source = batch['source']
    _assert_same(source['x'], np.stack([pixels[y] for y in source['y']]))
    assert batch['target'].keys() == {'x'}
    seen += source['y'].tolist()
  assert len(set(seen)) == 8


def test_closed_early_leave_no_process(pair):
  made = batches.batches(pair, 0, 100, workers=1, **SETTINGS)
  next(made)
  assert multiprocessing.active_children()
  made.close()
  assert not multiprocessing.active_children()


def test_what_a_worker_meets_is_named(pair, tmp_path):
  gone = images.ImageFiles(
    images.Paths((tmp_path / 'gone.png',) * 10), np.arange(10), 4
  )
  broken = pair._replace(source_train=pair.source_train._replace(x=gone))
  made = batches.batches(broken, 0, 4, workers=1, **SETTINGS)
  with pytest.raises(UserError, match=r'gone\.png'):
    next(made)


def test_workers_without_grain_are_refused(pair, monkeypatch):
  monkeypatch.setitem(sys.modules, 'grain', None)
  with pytest.raises(UserError, match=r'pip install da-jax\[stream\]'):
    batches.batches(pair, 0, 4, workers=2, **SETTINGS)


_SCRIPT = """
import multiprocessing, sys, time
from da_jax.data import batches
from tests import toy
if __name__ == '__main__':
  settings = dict(batch_size=4, seed=0, target_labels=False)
  made = batches.batches(toy.pair(), 0, int(sys.argv[1]), workers=1, **settings)
  next(made)
  if sys.argv[1] == '20':
    print(1 + len(list(made)))
    sys.exit()
  print(multiprocessing.active_children()[0].pid, flush=True)
  time.sleep(60)
"""


def _start(tmp_path, steps):
  script = tmp_path / 'script.py'
  script.write_text(_SCRIPT)
  return subprocess.Popen(
    [sys.executable, str(script), str(steps)],
    env={**scripts.environment(), 'PYTHONPATH': str(scripts.ROOT)},
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )


def test_a_script_that_took_all_ends_in_silence(tmp_path):
  assert _start(tmp_path, 20).communicate() == ('20\n', '')


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
  """A Ctrl-C, which all processes get, leaves it to the parent."""
  process = _start(tmp_path, 10**6)
  worker = int(process.stdout.readline())
  os.kill(worker, signal.SIGINT)
  time.sleep(0.3)
  os.kill(worker, 0)
  process.kill()
  process.communicate()
  deadline = time.monotonic() + 20
  while _runs(worker) and time.monotonic() < deadline:
    time.sleep(0.05)
  assert not _runs(worker)


def _runs(pid):
  try:
    os.kill(pid, 0)
  except ProcessLookupError:
    return False
  status = pathlib.Path(f'/proc/{pid}/stat')  # a zombie does not run
  return (
    not status.exists() or status.read_text().split(')')[-1].split()[0] != 'Z'
  )
