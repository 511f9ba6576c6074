"""The matrix of runs through its script."""

import csv
import json

from absl import flags
from absl.testing import flagsaver
import pytest

from da_jax import losses
from da_jax.errors import UserError
from experiments import benchmark, matrix_flags
from tests import scripts

QUICK = ('--steps=2', '--batch_size=8', '--eval_every=2', '--jobs=2')
_REGRETS = {'source_only': 0.0, 'dann': 0.1}
MATRIX = ('--methods=mmd,source_only,coral', '--tasks=plain:photo', '--seeds=1')


def _rows(out):
  with (out / 'results.csv').open() as file:
    return {row['method']: row for row in csv.DictReader(file)}


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
    ({'with': ['dan:--x=1']}, 'dan is none of'),
  ],
)
def test_wrong_use_is_named(given, named, tmp_path):
  flags.FLAGS.mark_as_parsed()
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
  flags.FLAGS.mark_as_parsed()
  with flagsaver.flagsaver(dataset='office_caltech10', seeds=['2']):
    assert len(benchmark._tasks()) == 12
    assert matrix_flags.seeds() == [0, 1]
  with flagsaver.flagsaver(tasks=['a:b', 'c:d'], seeds=['3', '5']):
    assert benchmark._tasks() == [('a', 'b'), ('c', 'd')]
    assert matrix_flags.seeds() == [3, 5]


def _finish(out, method, seed, last):
  run = out / 'amazon-webcam' / f'{method}-seed{seed}'
  run.mkdir(parents=True)
  accuracy = {'last': last, 'selected': last - 0.1, 'oracle': last}
  choice = {'regret': _REGRETS[method], 'rank_correlation': 0.5}
  choice['last_score'] = last
  results = {
    'method': method,
    'source': 'amazon',
    'target': 'webcam',
    'evaluations': 2,
    'selected_by': 'infomax',
    'protocol': 'transductive',
    'steps': 3,
    'seconds': 1.5,
    'target_accuracy': accuracy,
    'validators': {'infomax': choice},
    'baseline': None,
  }
  (run / 'results.json').write_text(json.dumps(results))


def test_tables_of_finished_runs(tmp_path):
  for seed in range(3):
    _finish(tmp_path, 'source_only', seed, 0.7 + seed / 100)
    _finish(tmp_path, 'dann', seed, 0.5 + seed / 50)
  process = scripts.run(
    'benchmark',
    '--dataset=office31',
    '--methods=source_only,dann',
    '--tasks=amazon:webcam',
    f'--workdir={tmp_path}',
  )
  assert process.returncode == 0, process.stderr
  text = (tmp_path / 'table.md').read_text()
  # .5 .52 .54 against .7 .71 .72
  assert '| dann | last | 3 | −19.0 | −21.5 to −16.5 | −20.0 |' in text
  assert 'NEGATIVE TRANSFER' in text and 'NEGATIVE TRANSFER' in process.stdout
  assert '| infomax | 6 | 5.0 | 10.0 | 0.50 | 1.00 |' in text
  lines = (tmp_path / 'results.csv').read_text().splitlines()
  assert 'last,selected,oracle,source_only,selected_by' in lines[0]
  assert len(lines) == 7
