"""A script from its flags to its folder."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from da_jax import data
from da_jax.selection import VALIDATORS
from tests import scripts

QUICK = ('--steps=4', '--batch_size=8', '--eval_every=2', '--noreport')


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
  """A finished run of DANN with its source-only baseline."""
  run = tmp_path_factory.mktemp('runs') / 'dann'
  process = scripts.run('dann', *QUICK, '--report', f'--workdir={run}')
  assert process.returncode == 0, process.stderr
  return run, process


def test_folder_holds_what_the_readme_says(finished):
  run, process = finished
  assert 'source-only' in process.stdout and 'DANN' in process.stdout
  results = json.loads((run / 'results.json').read_text())
  config = json.loads((run / 'config.json').read_text())
  lines = (run / 'metrics.jsonl').read_text().splitlines()
  assert set(results['target_accuracy']) == {'last', 'selected', 'oracle'}
  assert results['selected_by'] == config['flags']['select'] == 'corr_c'
  assert results['method'] == 'dann' and results['steps'] == 4
  assert results['dataset'] == 'digits' and results['seed'] == 0
  assert results['source'] == 'plain' and results['target'] == 'photo'
  assert 0 <= results['input_wait'] <= 1
  assert results['seconds_per_step'] > 0 and results['compilations'] > 0
  assert results['seconds'] > 0 and len(results['per_class']) == 10
  assert 0 <= results['source_accuracy'] <= 1
  baseline = json.loads((run / 'source_only' / 'results.json').read_text())
  assert results['baseline']['method'] == 'source_only'
  assert results['baseline']['target_accuracy'] == baseline['target_accuracy']
  for found in (results, baseline):
    assert found['validators'].keys() == VALIDATORS.keys()
    assert found['evaluations'] == 2
    choice = found['validators']['corr_c']
    assert choice['step'] == found['selected_step']
    assert choice['target_accuracy'] == found['target_accuracy']['selected']
  scores = results['baseline']['last_scores']
  assert scores['corr_c'] == baseline['validators']['corr_c']['last_score']
  assert config['flags']['grl_schedule'] == 'paper'
  assert config['flags']['backbone'] == 'lenet'
  assert len(config['devices']) == 2 and config['versions']['jax']
  assert [json.loads(line)['step'] for line in lines] == [2, 4]
  assert list((run / 'tensorboard').iterdir())
  assert (run / 'report.html').read_text().startswith('<!')
  predictions = np.load(run / 'predictions.npz')
  assert predictions['confusion'].sum() == 1600
  # All that is held out of 'plain' is kept, as it is fewer than 500.
  labels, logits = predictions['source_labels'], predictions['source_logits']
  confusion = np.zeros((10, 10), int)
  for label, guess in zip(labels, logits.argmax(-1), strict=True):
    confusion[label, guess] += 1
  np.testing.assert_array_equal(predictions['source_confusion'], confusion)
  before = np.load(run / 'source_only' / 'predictions.npz')
  was, is_ = (
    p['test_guesses'] == p['test_labels'] for p in (before, predictions)
  )
  told = results['changes']
  assert told['repaired'] == (is_ & ~was).sum()
  assert told['broken'] == (was & ~is_).sum()
  assert told['verdict'] in process.stdout.lower()
  assert baseline['changes'] is None
  assert len(predictions['target_images']) == 32


def test_finished_run_says_so_and_prints_its_table(finished):
  run, first = finished
  before = (run / 'results.json').stat().st_mtime_ns
  again = scripts.run('dann', *QUICK, f'--workdir={run}')
  assert again.returncode == 0 and 'is finished' in again.stdout
  assert again.stdout.splitlines()[1:] == first.stdout.splitlines()
  assert (run / 'results.json').stat().st_mtime_ns == before


def test_other_flags_are_refused_and_named(finished):
  run, _ = finished
  process = scripts.run('dann', *QUICK, f'--workdir={run}', '--seed=3')
  assert process.returncode == 2
  assert '--seed=0 there, 3 now' in process.stderr
  other = scripts.run('mmd', *QUICK, f'--workdir={run}')
  assert other.returncode == 2 and 'method dann' in other.stderr


@pytest.mark.slow
def test_a_flag_can_be_mended_after_a_failed_start(tmp_path):
  run = f'--workdir={tmp_path}/run'
  failed = scripts.run('source_only', *QUICK, run, '--batch_size=9999')
  assert failed.returncode == 2
  mended = scripts.run('source_only', *QUICK, run)
  assert mended.returncode == 0, mended.stderr


@pytest.mark.slow
def test_baseline_may_be_another_run(finished, tmp_path):
  run, _ = finished
  process = scripts.run(
    'mmd',
    *QUICK,
    '--loss=coral',
    f'--baseline={run}/source_only',
    f'--workdir={tmp_path}/coral',
  )
  assert process.returncode == 0, process.stderr
  results = json.loads((tmp_path / 'coral' / 'results.json').read_text())
  assert results['method'] == 'coral'
  assert results['baseline']['method'] == 'source_only'
  assert not (tmp_path / 'coral' / 'source_only').exists()


def test_baseline_is_selected_alike(finished, tmp_path):
  run, _ = finished
  flags = (f'--baseline={run}/source_only', f'--workdir={tmp_path}/run')
  process = scripts.run('mmd', *QUICK, *flags, '--select=snd')
  assert process.returncode == 2
  assert '--select=corr_c, this run has snd' in process.stderr


@pytest.mark.slow
def test_finetune_starts_from_a_run_of_other_devices(finished, tmp_path):
  run, _ = finished
  process = scripts.run(
    'finetune',
    *QUICK,
    f'--weights={run}',
    '--labels_per_class=8',
    '--freeze=auto',
    f'--workdir={tmp_path}/tuned',
    devices=1,
  )
  assert process.returncode == 0, process.stderr
  results = json.loads((tmp_path / 'tuned' / 'results.json').read_text())
  start = json.loads((run / 'results.json').read_text())
  before = results['baseline']
  assert before['method'] == 'before fine-tuning'
  assert (
    before['target_accuracy']['last'] == start['target_accuracy']['selected']
  )
  assert '8 labels a class' in results['protocol']
  assert results['selected_by'] == 'target validation accuracy'
  assert results['validators'] == {}


@pytest.mark.slow
def test_the_old_head_an_average_and_an_early_end(finished, tmp_path):
  run, _ = finished
  process = scripts.run(
    'finetune',
    *QUICK,
    '--method=co_tuning',
    f'--weights={run}',
    '--labels_per_class=8',
    '--learning_rate=0',
    '--schedule=step',
    '--ema=0.9',
    '--patience=1',
    f'--workdir={tmp_path}/tuned',
  )
  assert process.returncode == 0, process.stderr
  results = json.loads((tmp_path / 'tuned' / 'results.json').read_text())
  assert results['method'] == 'co_tuning'
  assert results['steps'] <= 4 and f'{results["steps"]} steps' in process.stdout


def test_choosing_without_labels_is_not_for_fine_tuning():
  process = scripts.run('finetune', '--select=snd')
  assert process.returncode == 2 and process.stderr.count('\n') == 1
  assert '--select' in process.stderr
  assert 'target validation accuracy: leave it out' in process.stderr


def test_a_file_of_weights_has_no_old_head(tmp_path):
  np.savez(tmp_path / 'w.npz', weight=np.zeros(2))
  process = scripts.run(
    'finetune', '--method=lwf', f'--weights={tmp_path}/w.npz'
  )
  assert process.returncode == 2
  assert 'lwf needs the head' in process.stderr


@pytest.mark.slow
def test_bfloat16_under_pmap(tmp_path):
  process = scripts.run(
    'dann',
    *QUICK,
    '--dtype=bfloat16',
    '--parallel=pmap',
    '--baseline=none',
    f'--workdir={tmp_path}/run',
  )
  assert process.returncode == 0, process.stderr
  results = json.loads((tmp_path / 'run' / 'results.json').read_text())
  assert results['baseline'] is None


@pytest.mark.slow
def test_two_trees_given_as_paths(tmp_path):
  classes = {'cup': 8, 'mug': 8}
  scripts.write_images(tmp_path, 'day', classes)
  scripts.write_images(tmp_path, 'night', classes, side=40)
  process = scripts.run(
    'dann',
    *QUICK,
    '--dataset=folder',
    f'--source={tmp_path}/day',
    f'--target={tmp_path}/night',
    '--image_size=32',
    '--backbone=lenet',
    f'--workdir={tmp_path}/run',
  )
  assert process.returncode == 0, process.stderr
  results = json.loads((tmp_path / 'run' / 'results.json').read_text())
  assert results['class_names'] == ['cup', 'mug']


@pytest.mark.parametrize(
  'number, code',
  [
    (signal.SIGTERM, 75),
    pytest.param(signal.SIGUSR1, 75, marks=pytest.mark.slow),
    pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),
  ],
)
def test_a_signal_saves_and_the_same_command_goes_on(number, code, tmp_path):
  flags = ('--steps=150', '--batch_size=8', '--noreport')
  run = tmp_path / 'run'
  flags = (*flags, '--baseline=none', f'--workdir={run}')
  process = subprocess.Popen(
    [sys.executable, '-m', 'experiments.dann', *flags],
    cwd=scripts.ROOT,
    env=scripts.environment(),
    stderr=subprocess.PIPE,
    text=True,
  )
  deadline = time.monotonic() + 120
  log = run / 'metrics.jsonl'
  while not (log.exists() and log.read_text()):
    assert time.monotonic() < deadline and process.poll() is None
    time.sleep(0.05)
  process.send_signal(number)
  _, stderr = process.communicate(timeout=120)
  assert process.returncode == code, stderr
  assert 'saved: the same command goes on' in stderr
  assert not (run / 'results.json').exists()
  assert len(list((run / 'checkpoints').iterdir())) == 1
  resumed = scripts.run('dann', *flags)
  assert resumed.returncode == 0, resumed.stderr
  assert json.loads((run / 'results.json').read_text())['steps'] == 150


def test_overwrite_throws_away_the_run_and_nothing_else(finished):
  run, _ = finished
  (run / 'notes.txt').write_text('mine')
  process = scripts.run(
    'dann', *QUICK, f'--workdir={run}', '--seed=3', '--overwrite'
  )
  assert process.returncode == 0, process.stderr
  assert json.loads((run / 'results.json').read_text())['seed'] == 3
  assert (run / 'notes.txt').read_text() == 'mine'


def test_help_lists_the_flags_of_all_scripts():
  process = scripts.run('dann', '--help')
  text = process.stdout
  assert process.returncode == 0
  for flag in ('--dataset', '--workdir', '--weights', '--grl_schedule'):
    assert flag in text
  assert '|'.join(sorted(data.DATASETS)) in ''.join(text.split())


@pytest.mark.slow
def test_stylised_features_are_not_the_baseline_s(tmp_path):
  flags = (*QUICK, '--adain=0.5', f'--workdir={tmp_path}/run')
  process = scripts.run('dann', *flags)
  assert process.returncode == 0, process.stderr
  config, baseline = (
    json.loads((tmp_path / 'run' / name / 'config.json').read_text())
    for name in ('', 'source_only')
  )
  assert config['flags']['adain'] == 0.5
  assert 'adain' not in baseline['flags']
