"""Sweeps through their script."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from absl import flags
from absl.testing import flagsaver
import pytest

from da_jax.data import flags as data_flags
from da_jax.errors import UserError
from experiments import one_script, sweep
from tests import scripts

FLAGS = flags.FLAGS
TUNE = '--tune=learning_rate:1e-4..1e-1:log'
QUICK = ('--script=source_only', '--steps=2', '--batch_size=8', TUNE)


@pytest.fixture
def facts(tmp_path):
  """What study.json says by flags given in this process."""

  def describe(*words):
    words = ('x', f'--workdir={tmp_path}', *words)
    one_script.known(('x', '--script=source_only'))
    with flagsaver.flagsaver():
      for name in FLAGS:
        FLAGS[name].unparse()
      FLAGS(words)
      return sweep._facts(tmp_path)

  return describe


def test_whoever_comes_later_need_not_say_more_and_must_agree(facts):
  first = facts(*QUICK, '--trials=7', '--seed=3', '--bottleneck=8')
  assert first['flags'] == ['--batch_size=8', '--steps=2', '--bottleneck=8']
  assert (first['trials'], first['seed'], first['sampler']) == (7, 3, 'tpe')
  assert (first['select'], first['prune']) == ('corr_c', True)
  assert first['ranges']['learning_rate']['attributes']['high'] == 0.1
  assert facts() == facts('--trials=7', '--seed=3') == first
  assert facts(*QUICK, '--seed=3', '--bottleneck=8') == first
  for words, said in (
    (QUICK, 'seed: 3 there, 0 now'),
    ((*QUICK, '--seed=3', '--bottleneck=9'), '--bottleneck=9 now'),
    ((*QUICK, '--seed=3', '--bottleneck=8', '--trials=8'), 'trials: 7 there'),
    # Nothing else is told: what is not said now is as it was.
    (('--sampler=random',), r'\(sampler: tpe there, random now\)'),
    (('--trials=8',), r'\(trials: 7 there, 8 now\)'),
    (('--select=snd',), r'snd now; select: corr_c there, snd now\)'),
  ):
    with pytest.raises(UserError, match=said):
      facts(*words)


@pytest.mark.parametrize(
  ('words', 'said'),
  [
    ((), 'no sweep in .*--tune='),
    ((*QUICK, TUNE), 'is given twice'),
    ((*QUICK, '--tune=select:snd,dev'), 'the easier test would win'),
    ((*QUICK, '--tune=target:mnist,usps'), 'target changes the data or'),
    ((*QUICK, '--tune=eval_every:1,2'), 'eval_every changes the data or'),
    ((*QUICK, '--tune=seed:1..3'), 'every run has its own'),
    ((*QUICK, '--tune=lr:1e-4..1e-1:log'), 'lr, which is no flag of source'),
    ((*QUICK, '--tune=workdir:a,b'), 'every run has its own'),
    ((*QUICK, '--tune=bottleneck:1.5..3'), '1.5 is no value'),
    ((*QUICK, '--sampler=grid'), '--sampler=grid takes lists'),
  ],
)
def test_wrong_use_is_named_before_anything_runs(facts, words, said, tmp_path):
  with pytest.raises(UserError, match=said):
    facts(*words)
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
  'word',
  ['--overwrite', '--seeds=2', '--jobs=2', '--baseline=none', '--report'],
)
def test_flags_of_others_are_refused(word):
  name = word.partition('=')[0]
  with (
    flagsaver.flagsaver(),
    pytest.raises(UserError, match=f'^{name} does nothing here'),
  ):
    FLAGS(('x', word))
    sweep.main()


def test_what_is_no_test_may_be_tuned(facts):
  """Flags of the data that only training sees, and what evaluates them."""
  tuned = ('batch_size:8,16', 'jitter:0..1', 'randaugment:0..2', 'ema:0.9,0.99')
  found = facts('--script=source_only', *(f'--tune={text}' for text in tuned))
  assert len(found['ranges']) == 4
  judging = (*data_flags.NAMES, 'eval_every', 'patience', 'select')
  allowed = {name for name in judging if not one_script.is_of_the_test(name)}
  assert allowed == {
    *('batch_size', 'crop', 'flip', 'jitter', 'grey', 'blur', 'cutout'),
    'randaugment',
  }


@pytest.mark.slow
def test_the_values_tried_are_flags_of_the_run(tmp_path, capsys):
  words = ('x', *QUICK, '--trials=1', '--seed=4', f'--workdir={tmp_path}')
  one_script.known(words)
  with flagsaver.flagsaver():
    for name in FLAGS:
      FLAGS[name].unparse()
    FLAGS(words)
    assert sweep.main() == 0
  told = capsys.readouterr().out
  run = tmp_path / 'trials' / '0000'
  config = json.loads((run / 'config.json').read_text())
  lines = (tmp_path / 'results.csv').read_text().splitlines()
  row = dict(zip(*(line.split(',') for line in lines), strict=True))
  assert config['flags']['learning_rate'] == float(row['learning_rate'])
  assert config['flags']['seed'] == 4 and config['flags']['batch_size'] == 8
  results = json.loads((run / 'results.json').read_text())
  score = results['validators']['corr_c']['score']
  assert float(row['score']) == score
  assert '1 trials: 1 complete' in told
  assert 'regret 0.0 points' in told


def _worker(folder: pathlib.Path, *words: str) -> subprocess.Popen:
  return subprocess.Popen(
    [sys.executable, '-m', 'experiments.sweep', f'--workdir={folder}', *words],
    cwd=scripts.ROOT,
    env=scripts.environment(1),
    stdout=subprocess.PIPE,
    text=True,
  )


@pytest.mark.slow
def test_two_workers_one_killed_make_forty_trials(tmp_path):
  words = ('--dataset=digits', '--steps=60', '--batch_size=16', TUNE)
  words = (*words, '--eval_every=20', '--checkpoint_every=20', '--trials=40')
  tuned = ('--tune=grl_strength:0.1..2', '--tune=bottleneck:16,32,64')
  first = _worker(tmp_path, *words, *tuned)
  while not (tmp_path / 'study.json').exists():
    time.sleep(0.1)
  second = _worker(tmp_path)
  while len(list((tmp_path / 'trials').glob('[0-9]*'))) < 12:
    time.sleep(0.1)
  os.kill(second.pid, signal.SIGKILL)
  told, _ = first.communicate()
  second.communicate()
  assert first.returncode == 0
  assert '40 trials: ' in told and 'regret' in told
  lines = (tmp_path / 'results.csv').read_text().splitlines()[1:]
  assert [line.split(',')[0] for line in lines] == [str(n) for n in range(40)]
  assert all(line.split(',')[1] in ('complete', 'pruned') for line in lines)
