"""Traces of chosen steps, and what is refused."""

import gzip
import json

import jax
import numpy as np
import pytest

from da_jax import profiling, runs, train
from da_jax.errors import InterruptedRunError, UserError
from tests import toy
from tests.training import stop_at


def _train(workdir, profile, steps=5):
  return train.train(
    toy.all_methods()['source_only'],
    toy.pair(),
    steps=steps,
    batch_size=16,
    workdir=workdir,
    profile=profile,
    quiet=True,
  )


def _traced(run):
  """The numbers of the steps in each trace of a run, as it was written."""
  traces = []
  for path in sorted(run.glob('profile/**/*.trace.json.gz')):
    events = json.loads(gzip.decompress(path.read_bytes()))['traceEvents']
    numbers = [
      event['args']['step_num']
      for event in events
      if event.get('name') == 'train' and 'step_num' in event.get('args', {})
    ]
    traces.append(sorted({int(number) for number in numbers}))
  return traces


def test_the_steps_asked_for_are_traced_and_no_others(tmp_path):
  plain = _train(tmp_path / 'plain', range(0))
  profiled = _train(tmp_path / 'profiled', range(2, 4))
  assert _traced(tmp_path / 'profiled') == [[2, 3]]
  assert not (tmp_path / 'plain' / profiling.FOLDER).exists()
  jax.tree.map(
    np.testing.assert_array_equal, plain.state.params, profiled.state.params
  )


def test_a_trace_that_is_cut_short_is_kept_and_goes_on(tmp_path, monkeypatch):
  with monkeypatch.context() as patch:
    stop_at(patch, 2)
    with pytest.raises(InterruptedRunError):
      _train(tmp_path, range(1, 4))
  assert _traced(tmp_path) == [[1, 2]]
  for path in tmp_path.glob('profile/**/*.gz'):
    path.unlink()
  _train(tmp_path, range(1, 4))
  assert _traced(tmp_path) == [[3]]


def test_nothing_is_traced_beyond_the_steps_or_without_a_folder(tmp_path):
  _train(tmp_path, range(0), steps=3)
  _train(tmp_path, range(1, 3), steps=5)  # goes on at step 4
  assert not (tmp_path / profiling.FOLDER).exists()
  _train(None, range(1, 3), steps=3)


def test_the_flag_is_a_range_of_steps():
  assert profiling.parse('10:20', 19) == range(10, 20)
  assert profiling.parse('1:2', 1) == range(1, 2)
  assert not profiling.parse(None, 5)


@pytest.mark.parametrize(
  'text', ['20:10', 'x', '3:3', '0:2', '2:7', '-1:2', '']
)
def test_what_is_no_range_of_the_run_is_refused(text, answer):
  code, said = answer(f'--profile={text}', '--steps=5')
  assert code == 2 and said.count('\n') == 1
  assert f'--profile={text} is not' in said and 'steps 1 to 5' in said


def test_it_changes_no_result_and_is_thrown_away_with_the_run(tmp_path):
  assert 'profile' in runs.FREE
  (tmp_path / profiling.FOLDER).mkdir()
  runs._clear(tmp_path)
  assert not list(tmp_path.iterdir())


def test_a_trace_that_cannot_be_written_ends_the_run(tmp_path):
  (tmp_path / profiling.FOLDER).touch()  # where a folder should be
  with pytest.raises(UserError, match=f'{tmp_path} cannot be written'):
    _train(tmp_path, range(2, 3))
