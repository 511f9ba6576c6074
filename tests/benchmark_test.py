"""The matrix of runs through its script."""

import csv
import json
import shlex

from absl import flags
from absl.testing import flagsaver
import pytest

from da_jax import locks, losses
from da_jax.errors import UserError
from experiments import benchmark, matrix_flags
from tests import scripts

FLAGS = flags.FLAGS
QUICK = ('--steps=2', '--batch_size=8', '--eval_every=2', '--jobs=2')
MATRIX = ('--methods=mmd,source_only,coral', '--tasks=plain:photo', '--seeds=1')


def _rows(out):
  with (out / 'results.csv').open() as file:
    return {row['method']: row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_a_failed_cell_is_named_and_made_up_for_later(tmp_path):
  flags_ = (*QUICK, *MATRIX, f'--workdir={tmp_path}')
  process = scripts.run('benchmark', *flags_, '--with=mmd:--kernels=0')
  assert process.returncode == 1, process.stderr
  rows = _rows(tmp_path)
  assert list(rows) == ['source_only', 'mmd', 'coral']
  assert 'kernels' in rows['mmd']['failure'] and not rows['mmd']['last']
  assert 'kernels' in process.stderr and 'coral' in process.stdout
  for name, said in (
    ('table.md', '| mmd | 0 of 1 seeds'),
    ('index.html', 'Failed runs'),
  ):
    assert said in (tmp_path / name).read_text()
  done = tmp_path / 'plain-photo' / 'coral-seed0' / 'results.json'
  before = done.stat().st_mtime_ns
  again = scripts.run('benchmark', *flags_)
  assert again.returncode == 0, again.stderr
  assert done.stat().st_mtime_ns == before
  rows = _rows(tmp_path)
  for row in rows.values():
    assert 0 <= float(row['last']) <= float(row['oracle']) <= 1
    assert row['failure'] == '' and row['steps'] == '2'


@pytest.mark.parametrize(
  ('given', 'named'),
  [
    ({'tasks': ['plain']}, '--tasks are pairs'),
    ({'dataset': 'folder'}, '--dataset=folder has no domains .* --tasks'),
    ({'seeds': ['x']}, '--seeds are whole numbers'),
    ({'methods': ['dan']}, '--methods: dan is none of dann, source_only'),
    ({'with': ['dan:--x=1']}, 'dan is not among'),
  ],
)
def test_wrong_use_is_named(given, named, tmp_path):
  FLAGS.mark_as_parsed()
  with (
    flagsaver.flagsaver(workdir=str(tmp_path), **given),
    pytest.raises(UserError, match=named),
  ):
    benchmark.main()


def test_every_unsupervised_method_is_there_by_its_name():
  assert benchmark.METHODS['source_only'] == ('source_only',)
  assert benchmark.METHODS['dann'] == ('dann',)
  for loss in losses.ALIGNMENTS:
    assert benchmark.METHODS[loss] == ('mmd', f'--loss={loss}')
  # Every other script that trains takes a name by a flag, or target labels.
  scripts_ = (scripts.ROOT / 'experiments').glob('*.py')
  training = {p.stem for p in scripts_ if '  common.main(' in p.read_text()}
  assert training - {s for s, *_ in benchmark.METHODS.values()} == {'finetune'}


def test_tasks_and_seeds_that_are_meant():
  FLAGS.mark_as_parsed()
  with flagsaver.flagsaver(dataset='office_caltech10', seeds=['2']):
    assert len(benchmark._tasks()) == 12
    assert matrix_flags.seeds() == [0, 1]
  with flagsaver.flagsaver(tasks=['a:b', 'c:d'], seeds=['3', '5']):
    assert benchmark._tasks() == [('a', 'b'), ('c', 'd')]
    assert matrix_flags.seeds() == [3, 5]


def _make(cell, last=0.5):
  """Writes a finished run as the command of a cell would."""
  cell.run.mkdir(parents=True, exist_ok=True)
  config = {'command': shlex.join(cell.command[1:]), 'data': 'the same'}
  (cell.run / 'config.json').write_text(json.dumps(config | {'flags': {}}))
  method, _, seed = cell.run.name.partition('-seed')
  last += int(seed) * {'source_only': 0.01, 'dann': 0.02}.get(method, 0)
  regret = {'source_only': 0.0, 'dann': 0.1}.get(method, 0)
  choice = {'regret': regret, 'rank_correlation': 0.5, 'last_score': last}
  results = {
    'method': method,
    'source': 'amazon',
    'target': 'webcam',
    'evaluations': 2,
    'selected_by': 'infomax',
    'protocol': 'transductive',
    'steps': 3,
    'seconds': 1.5,
    'target_accuracy': {'last': last, 'selected': last - 0.1, 'oracle': last},
    'validators': {'infomax': choice},
    'baseline': None,
  }
  (cell.run / 'results.json').write_text(json.dumps(results))


@pytest.fixture
def given(monkeypatch, tmp_path):
  """Runs the script with flags in this process; gives the cells it makes."""

  def pretend(cells, jobs):
    made = [cell for cell in cells if not (cell.run / 'results.json').exists()]
    for cell in made:
      _make(cell, last=0.7 if 'source_only' in cell.run.name else 0.5)
    done.extend(made)
    return {}

  done = []
  monkeypatch.setattr(benchmark, 'run_all', pretend)

  def run(*words):
    words = ('--dataset=office31', '--tasks=amazon:webcam', *words)
    with flagsaver.flagsaver():
      FLAGS.unparse_flags()
      for name in FLAGS:
        FLAGS[name].unparse()
      FLAGS(('x', f'--workdir={tmp_path}', *words))
      done.clear()
      benchmark.main()
    return sorted(cell.run.name for cell in done)

  return run


def test_tables_of_runs(given, tmp_path, capsys):
  given('--methods=source_only,dann')
  said = capsys.readouterr().out
  text = (tmp_path / 'table.md').read_text()
  # .5 .52 .54 against .7 .71 .72
  assert '| dann | last | 3 | −19.0 | −21.5 to −16.5 | −20.0 |' in text
  assert 'NEGATIVE TRANSFER' in text and 'NEGATIVE TRANSFER' in said
  assert 'p (t)' in text and 'p (t)' not in said
  assert '| infomax | 6 | 5.00 | 10.0 | 0.50 | 1.00 |' in text
  lines = (tmp_path / 'results.csv').read_text().splitlines()
  assert 'last,selected,oracle,source_only,selected_by' in lines[0]
  assert len(lines) == 7


def test_a_matrix_may_grow_and_not_change(given, tmp_path):
  words = ('--steps=200', '--seeds=1')
  tuned = '--with=dann:--grl_strength=0.1'
  assert given(*words, '--methods=dann', tuned) == ['dann-seed0']
  methods = '--methods=dann,source_only,mmd'
  # What the runs are compared with and how they are watched may differ.
  free = ('--keep_best', '--jobs=2', '--data_dir=elsewhere')
  grown = given(*words, methods, tuned, '--with=mmd:--kernels=3', *free)
  assert grown == ['mmd-seed0', 'source_only-seed0']
  for others, said in (
    (('--steps=20000', '--seeds=1', tuned), '--steps=200 there, --steps=20000'),
    ((*words, tuned, '--backbone=vit_s16'), 'nothing there, --backbone=vit_s1'),
    (('--seeds=1', tuned), '--steps=200 there, nothing now'),
    (words, '--grl_strength=0.1 there, nothing now'),
    ((*words, '--with=dann:--grl_strength=1'), '=0.1 there, --grl_strength=1 '),
    ((*words, tuned, '--nobottleneck_norm'), 'nothing there, --nobottleneck'),
  ):
    before = (tmp_path / 'results.csv').stat().st_mtime_ns
    with pytest.raises(UserError, match=f'other flags .*{said}.* --workdir'):
      given(*others, '--methods=dann')
    assert (tmp_path / 'results.csv').stat().st_mtime_ns == before


def test_what_failed_may_be_mended_and_what_is_under_way_not(given, tmp_path):
  run = tmp_path / 'amazon-webcam' / 'dann-seed0'
  run.mkdir(parents=True)
  config = {'command': '-m experiments.dann --steps=3', 'data': 'the same'}
  (run / 'config.json').write_text(json.dumps(config))
  words = ('--methods=dann', '--seeds=1', '--steps=4')
  with (
    locks.held(run),
    pytest.raises(UserError, match='--steps=3 there, --steps=4 '),
  ):
    given(*words)
  assert given(*words) == ['dann-seed0']


def test_what_others_make_meanwhile_is_in_no_table(
  given, monkeypatch, tmp_path
):
  def by_other_flags(cells, jobs):
    for cell in cells:
      _make(cell._replace(command=(*cell.command, '--steps=9')))
    return {}

  monkeypatch.setattr(benchmark, 'run_all', by_other_flags)
  with pytest.raises(UserError, match='--steps=9 there, nothing now'):
    given('--methods=dann')
  assert not (tmp_path / 'results.csv').exists()


def test_runs_of_a_task_are_of_the_same_data(given, tmp_path):
  given('--methods=dann', '--seeds=2')
  path = tmp_path / 'amazon-webcam' / 'dann-seed1' / 'config.json'
  path.write_text(path.read_text().replace('the same', 'others'))
  with pytest.raises(UserError, match='dann-seed1 was made of other examples'):
    given('--methods=dann', '--seeds=2')
  path.unlink()
  with pytest.raises(UserError, match='is missing'):
    given('--methods=dann', '--seeds=2')


@pytest.mark.parametrize(
  ('word', 'said'),
  [
    ('--with=dann', 'names no flag'),
    ('--with=dann:', 'names no flag'),
    ('--with=dann:grl_strength=1', 'names no flag'),
    ('--with=mmd:--kernels=3', 'mmd is not among --methods'),
    ('--with=dann:--steps=9', '--steps is not one for a method alone'),
    ('--with=dann:--nobottleneck_norm', '--nobottleneck_norm is not one'),
    ('--with=dann:--baseline=none', '--baseline is not one'),
    (
      '--with=dann:--flagfile=experiments/flags/dann.digits.flags',
      '--dataset is not one for a method alone',
    ),
    ('--overwrite', '--overwrite does nothing here: remove'),
    ('--seed=3', '--seed does nothing here: give --seeds'),
    ('--source=amazon', '--source does nothing here: give --tasks'),
    ('--baseline=none', '--baseline does nothing here: with source_only'),
    (
      '--tasks=x/day:night,z/day:night',
      'x/day:night and z/day:night would both be in .*day-night',
    ),
  ],
)
def test_what_a_matrix_cannot_take_is_named(given, word, said, tmp_path):
  with pytest.raises(UserError, match=said):
    given('--methods=dann', word)
  assert not list(tmp_path.iterdir())


def test_flags_go_to_the_runs_that_have_them(given, tmp_path):
  given('--methods=source_only,dann', '--seeds=1', '--adain=0.5', '--report')
  folder = tmp_path / 'amazon-webcam'
  plain, adapted = (
    json.loads((folder / f'{name}-seed0' / 'config.json').read_text())[
      'command'
    ]
    for name in ('source_only', 'dann')
  )
  assert '--adain=0.5' in adapted and '--adain' not in plain
  assert '--report' in adapted and '--report' in plain


def test_a_method_may_be_optimised_otherwise(given, tmp_path):
  words = ('--with=dann:--learning_rate=0.1', '--with=dann:--critic_norm')
  given('--methods=dann', '--seeds=1', *words)
  run = tmp_path / 'amazon-webcam' / 'dann-seed0'
  command = json.loads((run / 'config.json').read_text())['command']
  assert command.endswith('--learning_rate=0.1 --critic_norm')
