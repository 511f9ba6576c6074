"""Checkpoints on disks that lie, fill up or vanish."""

import errno
import logging
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from da_jax import checkpoint
from da_jax.checkpoint import Checkpoints
from da_jax.errors import UserError
from tests import scripts


def _standing(number: int) -> dict:
  """State and record of a step, other ones in every step."""
  values = np.random.default_rng(number).normal(size=5000)
  state = {'w': jnp.asarray(values, jnp.float32), 'step': jnp.int32(number)}
  state['half'] = state['w'].astype(jnp.bfloat16)
  return {'state': state, 'record': {'seconds': number}}


def _assert_restores(run: pathlib.Path, number: int) -> None:
  expected = _standing(number)
  with Checkpoints(run) as checkpoints:
    restored = checkpoints.restore(_standing(0))
  assert restored['record'] == expected['record']
  for name, array in expected['state'].items():
    np.testing.assert_array_equal(restored['state'][name], array)


def _save(run: pathlib.Path, *numbers: int) -> None:
  with Checkpoints(run) as checkpoints:
    for number in numbers:
      checkpoints.save(number, _standing(number))


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
  run = tmp_path_factory.mktemp('saved')
  _save(run, 1, 2, 3)
  return run


def _flipped(data: bytes) -> bytes:
  middle = len(data) // 2
  return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


DAMAGES = {
  'emptied': lambda data: b'',
  'cut': lambda data: data[: len(data) // 2],
  'flipped': _flipped,
}


@pytest.mark.parametrize('damage', DAMAGES)
def test_any_damage_goes_back_to_the_checkpoint_before(
  damage, saved, tmp_path, caplog
):
  """Whichever file it is in; damage that changes nothing may pass."""
  newest = saved / checkpoint.FOLDER / '3'
  files = [path for path in newest.rglob('*') if path.is_file()]
  went_back = 0
  for number, path in enumerate(files):
    run = tmp_path / str(number)
    shutil.copytree(saved, run)
    file = run / path.relative_to(saved)
    file.write_bytes(DAMAGES[damage](file.read_bytes() or b' '))
    caplog.clear()
    with caplog.at_level(logging.WARNING), Checkpoints(run) as checkpoints:
      restored = checkpoints.restore(_standing(0))
    said = [r for r in caplog.records if 'damaged' in r.getMessage()]
    expected = 2 if said else 3
    assert len(said) <= 1 and restored['record'] == {'seconds': expected}
    np.testing.assert_array_equal(
      restored['state']['w'], _standing(expected)['state']['w']
    )
    went_back += bool(said)
    if 'ocdbt.process_0/d' in str(path) and path.stat().st_size > 5000:
      assert said, 'damaged weights were taken'
  assert went_back >= 3


def test_damage_is_said_once_and_by_nobody_else(tmp_path, monkeypatch, caplog):
  """Many arrays are read at once, and the other reads fail late."""
  many = {f'w{n}': jnp.ones(5000) * n for n in range(60)}
  standing = {'state': many, 'record': {}}
  with Checkpoints(tmp_path) as checkpoints:
    for number in (1, 2):
      checkpoints.save(number, standing)
  for path in (tmp_path / checkpoint.FOLDER / '2').rglob('d/*'):
    path.write_bytes(b'')
  told = []
  monkeypatch.setattr(sys, 'unraisablehook', told.append)
  with caplog.at_level(logging.WARNING), Checkpoints(tmp_path) as checkpoints:
    checkpoints.restore(standing)
  assert sum('damaged' in r.getMessage() for r in caplog.records) == 1
  assert not told
  other = types.SimpleNamespace(exc_value=OSError('else'), object=None)
  sys.unraisablehook(other)
  assert told == [other]


@pytest.mark.parametrize('damage', DAMAGES)
def test_damaged_arrays_are_read_by_nobody(damage, saved, tmp_path):
  """Neither by what predicts, exports or goes on from another run."""
  expected = checkpoint.read_arrays(saved)
  np.testing.assert_array_equal(expected['state/w'], _standing(3)['state']['w'])
  newest = saved / checkpoint.FOLDER / '3'
  refused = 0
  for number, path in enumerate(p for p in newest.rglob('*') if p.is_file()):
    run = tmp_path / str(number)
    shutil.copytree(saved, run)
    file = run / path.relative_to(saved)
    file.write_bytes(DAMAGES[damage](file.read_bytes() or b' '))
    try:
      arrays = checkpoint.read_arrays(run)
    except UserError as error:
      assert f'{run}/checkpoints/3 is damaged: ' in str(error)
      refused += 1
    else:
      for name, array in expected.items():
        np.testing.assert_array_equal(arrays[name], array, err_msg=name)
  assert refused >= 3


def test_what_was_damaged_is_saved_again(saved, tmp_path):
  run = tmp_path / 'run'
  shutil.copytree(saved, run)
  (run / checkpoint.FOLDER / '3' / 'record' / 'metadata').write_text('{')
  _assert_restores(run, 2)
  _save(run, 3)
  _assert_restores(run, 3)


def test_what_was_damaged_takes_no_room(saved, tmp_path):
  run = tmp_path / 'run'
  folder = run / checkpoint.FOLDER
  shutil.copytree(saved, run)
  (folder / '3' / 'record' / 'metadata').write_text('{')
  _assert_restores(run, 2)
  assert [path.name for path in folder.iterdir()] == ['2']


def _of_the_system(number: int) -> Exception:
  """As TensorStore tells it, and Orbax hides it."""
  hidden = ValueError(f"UNKNOWN: failed [os_error_code='{number}']")
  error = Exception('Encountered error while reading array index')
  error.__cause__ = hidden
  return error


FAILURES = {
  'rights': (PermissionError(errno.EACCES, 'not yours'), 'not yours'),
  'files': (OSError(errno.EMFILE, 'too many'), 'too many'),
  'disk': (_of_the_system(errno.EIO), os.strerror(errno.EIO)),
  'server': (_of_the_system(errno.ESTALE), os.strerror(errno.ESTALE)),
  'memory': (MemoryError(), 'MemoryError'),
  'device': (
    jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: Out of memory'),
    'RESOURCE_EXHAUSTED: Out of memory',
  ),
}


@pytest.mark.parametrize('failure', FAILURES)
def test_what_is_not_damage_changes_nothing(
  failure, saved, tmp_path, monkeypatch
):
  run = tmp_path / 'run'
  shutil.copytree(saved, run)
  error, named = FAILURES[failure]

  def fail(*_):
    raise error

  with monkeypatch.context() as patch:
    patch.setattr(checkpoint, '_read', fail)
    for read in (
      lambda: _assert_restores(run, 3),
      lambda: checkpoint.read_arrays(run),
    ):
      with pytest.raises(UserError) as said:
        read()
      assert f'checkpoints/3 cannot be read: {named}. Nothing was' in str(
        said.value
      )
  _assert_restores(run, 3)


def test_damage_of_all_is_said_and_nothing_is_deleted(saved, tmp_path):
  run = tmp_path / 'run'
  shutil.copytree(saved, run)
  for number in ('2', '3'):
    (run / checkpoint.FOLDER / number / 'record' / 'metadata').unlink()
  with (
    Checkpoints(run) as checkpoints,
    pytest.raises(
      UserError,
      match=r'no checkpoint in .* can be read \(.*metadata not found\)',
    ),
  ):
    checkpoints.restore(_standing(0))
  assert (run / checkpoint.FOLDER / '3').exists()


def test_a_full_disk_is_said_before_writing(saved, tmp_path, monkeypatch):
  run = tmp_path / 'run'
  shutil.copytree(saved, run)
  usage = shutil.disk_usage(run)._replace(free=30_003)
  monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage)
  # 5000 numbers of 4 bytes, as many of 2, one of 4: a byte too many.
  with pytest.raises(UserError, match=r'needs .* MB left: make'):
    _save(run, 4)
  monkeypatch.setattr(shutil, 'disk_usage', lambda _: usage._replace(free=1e6))
  _assert_restores(run, 3)
  _save(run, 4)
  _assert_restores(run, 4)


def test_a_failure_to_write_is_a_sentence(saved, tmp_path, capfd):
  """Here a limit on the size of files, as of a quota."""
  run = tmp_path / 'run'
  shutil.copytree(saved, run)
  capfd.readouterr()
  before = resource.getrlimit(resource.RLIMIT_FSIZE)
  handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
  resource.setrlimit(resource.RLIMIT_FSIZE, (9000, before[1]))
  try:
    with pytest.raises(UserError) as failure:
      _save(run, 4)
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)
  assert f'{run}/checkpoints cannot be written: File too large.' in str(
    failure.value
  )
  assert 'orbax' not in capfd.readouterr().err
  _assert_restores(run, 3)


def test_what_else_fails_is_not_told(tmp_path, capfd):
  """Here writing; as users see it, in a process that ends."""
  program = f"""
import pathlib, resource, signal
import jax.numpy as jnp
from da_jax.checkpoint import Checkpoints
from da_jax.errors import UserError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
many = {{f'w{{n}}': jnp.arange(5000.0) + n for n in range(60)}}
try:
  with Checkpoints(pathlib.Path({str(tmp_path)!r})) as checkpoints:
    checkpoints.save(1, {{'state': many, 'record': {{}}}})
except UserError as error:
  print(error)
"""
  subprocess.run([sys.executable, '-c', program], cwd=scripts.ROOT, check=True)
  said = capfd.readouterr()
  assert 'cannot be written: File too large.' in said.out
  assert said.err == ''


def test_a_folder_that_vanishes_is_not_begun_anew(tmp_path):
  with (
    pytest.raises(UserError, match='has vanished while the run went on'),
    Checkpoints(tmp_path / 'run') as checkpoints,
  ):
    checkpoints.save(1, _standing(1))
    checkpoints._manager.wait_until_finished()
    shutil.rmtree(tmp_path / 'run')
    checkpoints.save(2, _standing(2))
  assert not (tmp_path / 'run').exists()


def test_a_checkpoint_without_checksum_is_read(tmp_path, monkeypatch):
  """As earlier versions wrote them."""
  save = checkpoint.ocp.args.JsonSave
  monkeypatch.setattr(
    checkpoint.ocp.args, 'JsonSave', lambda item: save(item['record'])
  )
  _save(tmp_path, 1)
  monkeypatch.undo()
  _assert_restores(tmp_path, 1)
