"""Grids of flags through their script."""

import json

from absl import flags
from absl.testing import flagsaver
import pytest

from da_jax.errors import UserError
from experiments import ablation, one_script
from tests import scripts

FLAGS = flags.FLAGS


@pytest.fixture
def given(monkeypatch, tmp_path):
  """Runs the script with flags in this process; gives the cells it makes."""
  made = []

  def pretend(found, jobs):
    made.extend(found)
    for cell in found:
      cell.run.mkdir(parents=True, exist_ok=True)
      accuracy = dict.fromkeys(('last', 'selected', 'oracle'), 0.5)
      results = {
        'target_accuracy': accuracy,
        'selected_by': 'infomax',
        'seconds': 1.0,
        'validators': {'infomax': {'score': 0.0}},
      }
      (cell.run / 'results.json').write_text(json.dumps(results))
    return {}

  monkeypatch.setattr(ablation, 'run_all', pretend)

  def run(*words):
    words = ('x', '--script=source_only', f'--workdir={tmp_path}', *words)
    one_script.known(words)
    with flagsaver.flagsaver():
      FLAGS.unparse_flags()
      for name in FLAGS:
        FLAGS[name].unparse()
      FLAGS(words)
      made.clear()
      ablation.main()
    return list(made)

  return run


def test_every_setting_and_seed_is_a_run(given, tmp_path):
  words = ('--steps=9', '--milestones=0.2', '--milestones=0.4', '--seeds=0,5')
  words = (*words, '--bottleneck=7')
  vary = ('--vary=label_smoothing:0,0.1', '--vary=bottleneck:0,8,16')
  found = given(*words, *vary)
  assert len({cell.run for cell in found}) == 12
  folder = tmp_path / 'bottleneck=16' / 'label_smoothing=0.1' / 'seed5'
  (cell,) = [cell for cell in found if cell.run == folder]
  assert cell.command[1:3] == ('-m', 'experiments.source_only')
  assert set(cell.command[3:]) == {
    '--steps=9',
    '--milestones=0.2',
    '--milestones=0.4',
    '--seed=5',
    '--label_smoothing=0.1',
    '--bottleneck=16',  # and not 7
    f'--workdir={folder}',
    '--baseline=none',
    '--noreport',
  }
  # More seeds and the other order are the same ablation, other steps are not.
  assert (
    len(given(*words[:3], '--bottleneck=7', '--steps=9', *vary[::-1])) == 18
  )
  with pytest.raises(UserError, match=r'--steps=9 .* there, --steps=8'):
    given('--steps=8', *vary)


def test_values_with_tests_of_their_own_are_marked(given, tmp_path):
  given('--seeds=1', '--vary=target_examples:5,9', '--vary=bottleneck:8')
  text = (tmp_path / 'table.md').read_text()
  assert 'target_examples changes the data or the evaluation' in text
  assert 'bottleneck changes' not in text


def test_each_alone_from_what_is_given(given):
  vary = ('--vary=label_smoothing:0.1', '--vary=bottleneck:8,16')
  found = given('--bottleneck=7', '--one_at_a_time', '--seeds=1', *vary)
  settings = [
    tuple(part.split('=')[1] for part in cell.run.parts[-3:-1])
    for cell in found
  ]
  assert settings == [('7', '0.0'), ('7', '0.1'), ('8', '0.0'), ('16', '0.0')]


@pytest.mark.parametrize(
  ('words', 'said'),
  [
    ((), '--vary each flag once'),
    (('--vary=ema:0.9', '--vary=ema:0.8'), '--vary each flag once'),
    (('--vary=nonsense:1',), 'nonsense, which is no flag of source_only'),
    (('--vary=seed:1,2',), 'every run has its own'),
    (('--vary=ema:2',), 'ema: 2 is no value'),
    (('--vary=optimizer:sgd,sdg',), 'sdg is no value: .*adam'),
    (('--vary=ema:0.9', '--one_at_a_time'), 'varies from one value: --ema'),
    (('--vary=ema:0.9', '--seeds=x'), '--seeds are whole numbers'),
    (('--vary=ema:0.9', '--overwrite'), '--overwrite does nothing here'),
    (('--vary=ema:0.9', '--seed=3'), '--seed does nothing here: give --seeds'),
  ],
)
def test_wrong_use_is_named_before_anything_runs(given, words, said, tmp_path):
  with pytest.raises(UserError, match=said):
    given(*words)
  assert not list(tmp_path.iterdir())


def test_flags_of_the_script_in_a_preset_are_known(tmp_path):
  process = scripts.run(
    'ablation',
    '--flagfile=experiments/flags/dann.digits.flags',
    '--vary=grl_schedule:paper,linear',
    f'--workdir={tmp_path}/new',
  )
  assert process.returncode == 2
  assert process.stderr.startswith('ablation: --vary=grl_schedule: linear is')
  assert len(process.stderr.splitlines()) == 1
  assert not (tmp_path / 'new').exists()


@pytest.mark.slow
def test_runs_are_made_and_gone_on_with(tmp_path):
  words = ('--script=source_only', '--steps=2', '--batch_size=8', '--seeds=2')
  words = (*words, '--vary=bottleneck:8,16', f'--workdir={tmp_path}')
  process = scripts.run('ablation', *words, '--jobs=2')
  assert process.returncode == 0, process.stderr
  done = {path: path.stat().st_mtime_ns for path in tmp_path.glob('*/*/*.json')}
  assert sum(path.name == 'results.json' for path in done) == 4
  assert 'bottleneck' in process.stdout
  again = scripts.run('ablation', *words)
  assert again.returncode == 0, again.stderr
  assert {p: p.stat().st_mtime_ns for p in done} == done
