"""What validators take for best is kept, also over a stop."""

import json

import jax
import numpy as np
import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file

from da_jax import assess, best, checkpoint, journal, train
from da_jax.errors import UserError
from da_jax.types import State
from tests import toy


def _train(run, steps=24):
  return train.train(
    toy.all_methods(dropout=0.5)['dann'],
    toy.pair(),
    steps=steps,
    batch_size=16,
    eval_every=4,
    checkpoint_every=6,
    workdir=run,
    keep_best=True,
    quiet=True,
  )


def _choices(outcome):
  choices = assess.choices(outcome.record['evaluations'])
  return {name: choice['step'] for name, choice in choices.items()}


@pytest.mark.slow
def test_a_killed_run_has_the_same_files(tmp_path, monkeypatch):
  whole = _train(tmp_path / 'whole')
  original = journal.Journal.step

  def die(self, step, values):
    original(self, step, values)
    if step == 17:
      raise KeyboardInterrupt

  with monkeypatch.context() as patch:
    patch.setattr(journal.Journal, 'step', die)
    with pytest.raises(KeyboardInterrupt):
      _train(tmp_path / 'killed')
  killed = _train(tmp_path / 'killed')
  assert _choices(whole) == _choices(killed)
  for step in set(_choices(whole).values()):
    expected, found = (
      load_file(tmp_path / run / best.FOLDER / f'{step}.safetensors')
      for run in ('whole', 'killed')
    )
    jax.tree.map(np.testing.assert_array_equal, expected, found)


def test_the_file_is_the_selected_state_where_they_are_one(tmp_path):
  outcome = _train(tmp_path, steps=8)
  step = _choices(outcome)['corr_c']
  assert step == int(outcome.selected.step)
  kept = load_file(tmp_path / best.FOLDER / f'{step}.safetensors')
  named = checkpoint.named_leaves(outcome.selected._asdict())
  assert kept.keys() == {
    name for name in named if name.startswith(('params/', 'variables/'))
  }
  for name, array in kept.items():
    np.testing.assert_array_equal(array, named[name], err_msg=name)


def test_a_disk_that_takes_no_more_is_said(tmp_path, monkeypatch):
  """Whatever it is found out by."""
  state = State(np.int32(1), {'w': np.ones(2, np.float32)}, {}, ())

  def full(*_):
    raise SafetensorError('I/O error: No space left on device (os error 28)')

  best.write(tmp_path, state)
  with monkeypatch.context() as patch:
    patch.setattr(best, 'save_file', full)
    with pytest.raises(
      UserError, match='best cannot be written: No space left'
    ):
      best.write(tmp_path, state._replace(step=np.int32(2)))
  (tmp_path / best.FOLDER / 'sub').mkdir()
  with pytest.raises(UserError, match='best cannot be written: Is a dir'):
    best.prune(tmp_path, [1])
  (tmp_path / 'file').touch()
  with pytest.raises(UserError, match='cannot be written: Not a directory'):
    best.write(tmp_path / 'file', state)
  assert [
    p.name for p in (tmp_path / best.FOLDER).iterdir() if p.is_file()
  ] == ['1.safetensors']


def _results(run, **steps):
  path = run / 'results.json'
  choices = {name: {'step': step} for name, step in steps.items()}
  path.write_text(json.dumps({'validators': choices}))
  return path


def test_only_what_was_chosen_in_the_end_stays(tmp_path):
  for step in (1, 2, 3):
    params = {'w': np.full(2, step, np.float32), 'scale': np.float32(step)}
    best.write(tmp_path, State(np.int32(step), params, {}, ()))
  best.prune(tmp_path, [2, None, 2])
  results = _results(tmp_path, snd=2, dev=3, mmd=None)
  arrays = best.read(tmp_path, results, 'snd')
  assert arrays['step'] == 2 and arrays['params/scale'].shape == ()
  np.testing.assert_array_equal(arrays['params/w'], [2, 2])
  with pytest.raises(
    UserError, match=r'step 3, which dev chose: .*--keep_best'
  ):
    best.read(tmp_path, results, 'dev')
  for name in ('mmd', 'bnm'):
    with pytest.raises(UserError, match=f'{name} chose no model'):
      best.read(tmp_path, results, name)
