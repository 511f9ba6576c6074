"""Seeds through a script, and what they say together."""

import json

import numpy as np
import pytest
from scipy import stats

from da_jax import journal, over_seeds
from da_jax.errors import DivergedError
from da_jax.report import seeds
from tests import scripts

QUICK = ('--steps=2', '--batch_size=4', '--noreport')


def _one(seed: int, accuracy: float, before: float, score=None, earlier=None):
  """What a seed's results.json says, as far as it matters here."""
  picks = lambda value: dict.fromkeys(over_seeds.PICKS, value)
  return {
    'method': 'dann',
    'dataset': 'toy',
    'source': 'a',
    'target': 'b',
    'protocol': 'p',
    'selected_by': 'infomax',
    'seed': seed,
    'steps': 9,
    'target_accuracy': picks(accuracy),
    'validators': {'infomax': {'last_score': score}},
    'baseline': {
      'method': 'source_only',
      'target_accuracy': picks(before),
      'last_scores': {'infomax': earlier},
    },
  }


ACCURACIES, BEFORE = [0.7, 0.74, 0.69, 0.75], [0.6, 0.61, 0.62, 0.6]


def _whole(accuracies=ACCURACIES, before=BEFORE, **scores):
  seeds_ = (3, 5, 4, 8)
  pairs = zip(seeds_, accuracies, before, strict=True)
  return over_seeds.together([_one(*each, **scores) for each in pairs])


def test_mean_interval_worst_seed_and_paired_test():
  whole = _whole()
  last = whole['target_accuracy']['last']
  assert last['mean'] == pytest.approx(np.mean(ACCURACIES))
  assert last['std'] == pytest.approx(np.std(ACCURACIES, ddof=1))
  sem = stats.sem(ACCURACIES)
  interval = stats.t.interval(0.95, 3, loc=np.mean(ACCURACIES), scale=sem)
  np.testing.assert_allclose(last['t_interval'], interval)
  low, high = last['bootstrap_interval']
  assert min(ACCURACIES) <= low < last['mean'] < high <= max(ACCURACIES)
  assert (last['worst'], last['worst_seed']) == (0.69, 4)
  assert whole['baseline']['target_accuracy']['last']['worst_seed'] == 3
  compared = whole['comparison']['last']
  p = stats.ttest_rel(ACCURACIES, BEFORE).pvalue
  assert compared['p_t'] == pytest.approx(p) and p < 0.05
  assert compared['verdict'] == 'helps' and 'oracle' not in whole['comparison']


def test_verdicts_are_plain():
  labels, *rest = seeds.verdicts(_whole())
  assert 'helps (p = ' in labels and not rest  # a score is missing
  labels, blind = seeds.verdicts(
    _whole(accuracies=BEFORE, before=ACCURACIES, score=0.1, earlier=0.1)
  )
  assert labels.count('NEGATIVE TRANSFER (p = ') == 2
  assert 'infomax' in blind and 'no evidence' in blind
  (first, *_) = [_one(0, 0.5, 0.4)]
  (said,) = seeds.verdicts(over_seeds.together([first]))
  assert 'no evidence (one seed cannot tell)' in said
  assert not seeds.verdicts(over_seeds.together([first | {'baseline': None}]))
  (said,) = seeds.verdicts(
    over_seeds.together([first, _one(1, 0.5, 0.4), _one(2, 0.4, 0.3)])
  )
  assert 'no evidence (differences without spread cannot tell)' in said
  certain = [_one(i, 0.9 + i / 1e4, 0.1) for i in range(3)]
  (said,) = seeds.verdicts(over_seeds.together(certain))
  assert 'helps (p < 0.001) at the last step' in said
  certain = [_one(i, 0.9 + i / 1e4, 0.1) for i in range(7)]
  (said,) = seeds.verdicts(over_seeds.together(certain))
  # All seven signs agree: 2 / 2^7.
  assert 'helps (p < 0.001, Wilcoxon p = 0.016) at the last step' in said


def test_the_page_links_to_those_of_the_seeds(tmp_path):
  whole = _whole() | {'runs': ['seed3', 'seed5', 'seed4', 'seed8']}
  (tmp_path / 'seed5').mkdir()
  (tmp_path / 'seed5' / 'report.html').touch()
  page = seeds.write(tmp_path, whole).read_text()
  assert page.count('href=') == 1 and 'href="seed5/report.html"' in page
  assert 'DANN on toy: a → b, seeds 3, 5, 4, 8' in page
  mean, half = 100 * np.mean(ACCURACIES), stats.t.ppf(0.975, 3)
  half *= 100 * stats.sem(ACCURACIES)
  page = page.replace('\N{NO-BREAK SPACE}', ' ')
  assert f'{mean:.1f} % ± {half:.1f}' in page
  assert '69.0 % (seed 4)' in page and 'helps (p =' in page


@pytest.fixture(scope='module')
def files(tmp_path_factory):
  return (*scripts.write_rows(tmp_path_factory.mktemp('rows')), *QUICK)


def test_seeds_by_one_command(answer, files, tmp_path):
  run = tmp_path / 'run'
  command = (*files, f'--workdir={run}')
  code, said = answer(*command, '--seeds=2', name='twin')
  assert code is None, said
  alone = tmp_path / 'alone'
  code, said = answer(*files, f'--workdir={alone}', '--seed=1', name='twin')
  assert code is None, said
  for part in ('', 'source_only'):
    config, expected = (
      json.loads((folder / part / 'config.json').read_text())
      for folder in (run / 'seed1', alone)
    )
    for each in (config, expected):
      each.pop('command')
      each['flags'].pop('workdir')
    assert config == expected
  found = json.loads((run / 'seed1' / 'results.json').read_text())
  expected = json.loads((alone / 'results.json').read_text())
  assert found['target_accuracy'] == expected['target_accuracy']
  for name in ('method', 'run', 'target_accuracy'):
    assert found['baseline'][name] == expected['baseline'][name]
  whole = json.loads((run / 'results.json').read_text())
  assert whole['seeds'] == [0, 1] and whole['runs'] == ['seed0', 'seed1']
  # It is compared with itself.
  assert whole['comparison']['last']['difference']['mean'] == 0
  assert whole['comparison']['last']['verdict'] == 'no evidence'
  assert whole['validator']['difference']['mean'] == 0
  before = (run / 'seed0' / 'results.json').stat().st_mtime_ns
  code, said = answer(*command, '--seeds=0,1,2', name='twin')
  assert code is None, said
  assert (run / 'seed0' / 'results.json').stat().st_mtime_ns == before
  whole = json.loads((run / 'results.json').read_text())
  assert len(whole['target_accuracy']['last']['values']) == 3
  code, said = answer(*files, f'--workdir={run}/seed2', '--seed=2', name='twin')
  assert code is None, said
  code, said = answer(*files, f'--workdir={run}', name='twin')
  assert code == 2 and 'not the folder of a run' in said
  code, said = answer(*files, f'--workdir={alone}', '--seeds=2', name='twin')
  assert code == 2 and 'is not a folder of seeds' in said


def test_a_refused_command_leaves_the_results(answer, files, tmp_path):
  run = tmp_path / 'run'
  command = (*files, f'--workdir={run}', '--baseline=none')
  code, said = answer(*command, '--seeds=2')
  assert code is None, said
  before = (run / 'results.json').read_text()
  code, said = answer(*command, '--seeds=3', '--learning_rate=0.5')
  assert code == 2 and 'another configuration' in said
  assert (run / 'results.json').read_text() == before
  # Of the third seed, the others are finished.
  code, said = answer(*command, '--seeds=3')
  assert code is None, said
  notes = [
    json.loads((run / f'seed{seed}' / 'results.json').read_text())['notes']
    for seed in range(3)
  ]
  (note,) = notes[0]
  assert 'together with another seed,' in note
  assert notes == [[note], [note], []]


def test_a_baseline_that_diverges_leaves_the_other_seeds(
  answer, files, tmp_path, monkeypatch
):
  begin, settle = journal.Journal.__init__, journal.Journal.settle

  def begun(self, folder, *options):
    begin(self, folder, *options)
    self.is_bad = folder.parts[-2:] == ('seed0', 'source_only')

  def settled(self):
    if self.is_bad:
      raise DivergedError('loss not finite')
    settle(self)

  run = tmp_path / 'run'
  command = (*files, f'--workdir={run}', '--seeds=2', '--replicas=turns')
  with monkeypatch.context() as patch:
    patch.setattr(journal.Journal, '__init__', begun)
    patch.setattr(journal.Journal, 'settle', settled)
    code, said = answer(*command, name='twin')
  assert code == 1 and 'source_only, seed 0: loss not finite' in said
  done = [(run / f'seed{s}' / 'results.json').exists() for s in range(2)]
  assert done == [False, True] and not (run / 'results.json').exists()


@pytest.mark.parametrize(
  ('asked', 'named'),
  [
    (['--seeds=x'], '--seeds are whole numbers'),
    (['--seeds=-1'], "not '-1'"),
    (['--seeds=1.5'], "not '1.5'"),
    (['--seeds='], 'whole numbers'),
    (['--seeds=0'], 'at least 1'),
    (['--seeds=1,1'], 'different ones'),
    (['--seeds=2', '--seed=3'], '--seed is for one run'),
    (['--seeds=2', '--parallel=pmap'], '--parallel is for one run'),
    (['--seeds=2', '--profile=1:2'], '--profile is for one run'),
    (['--seeds=2', '--replicas=some'], 'replicas=some'),
  ],
)
def test_wrong_seeds_are_named(asked, named, answer, files, tmp_path):
  code, said = answer(*files, f'--workdir={tmp_path}/run', *asked)
  assert code == 2 and named in said
  assert len(said.strip().splitlines()) == 1
  assert not (tmp_path / 'run').exists()
