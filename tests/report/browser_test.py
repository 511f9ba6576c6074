"""Every kind of page in a real browser, at a desk and on a phone."""

import itertools
import json
import shutil

import numpy as np
import pytest

from da_jax import data, over_seeds, predictions, report
from da_jax.data.audit import findings
from da_jax.data.pair import Domain, Examples, Task
from da_jax.data.transforms import rows
from da_jax.report import (
  ablation_page,
  compare_page,
  data_page,
  matrix,
  outputs,
  seeds,
  sheet,
  sweep_page,
)
from da_jax.tuning import factors, outcome, trials
from tests import browser
from tests.tuning import sweeps

pytestmark = pytest.mark.skipif(
  browser.find() is None, reason='there is no chromium to open pages with'
)
# 390 x 844 pixels are an iPhone's.
WIDTHS = (1280, 390)
LONG = 'a_class_of_a_very_long_name_without_any_space_' * 2


@pytest.fixture(scope='module')
def tab():
  with browser.started(browser.find()) as tab:
    yield tab


def _report(path, runs):
  told = {'repaired': 1234, 'broken': 5678, 'mcnemar_p': 0.0001}
  told['verdict'] = 'negative transfer'
  run = runs.pair(path.parent / 'runs', names=('a', 'b', LONG), told=told)
  config = json.loads((run / 'config.json').read_text())
  config['git_revision'] = 40 * 'f'
  config['flags']['weights'] = 20 * '/folder'
  (run / 'config.json').write_text(json.dumps(config))
  shutil.copy(report.write(run), path)


def _wide_report(path, runs):
  options = {'image_shape': None, 'rows': 62, 'last': 0.6}
  names = [f'class {i}' for i in range(31)]
  run = runs.pair(path.parent / 'wide', names=names, **options)
  shutil.copy(report.write(run), path)


def _compare(path, runs):
  root = path.parent / ('folder_of_runs' * 6)
  made = [runs.run(root / f'run{i}', names=('a', LONG)) for i in range(12)]
  compare_page.write(path, compare_page.read(made))


def _data(path, runs):
  rng = np.random.default_rng(0)
  domains = [
    Domain(
      name,
      ('a', 'b', LONG),
      Examples(
        rng.integers(0, 256, (12, 16, 16, 3)).astype(np.uint8),
        np.arange(12, dtype=np.int32) % 3,
      ),
    )
    for name in ('day', 'night')
  ]
  task = Task(
    'folder',
    *domains,
    protocol='transductive',
    backbone='lenet',
    transform=lambda augmentation: rows(),
  )
  found = findings.examine(task, data.Protocol(), batch_size=4)
  said = [f'{LONG} is refused.', 'word ' * 40]
  data_page.write(path, found, said, said, said)


def _sheet(path, runs):
  found = predictions.Predictions(
    'file',
    ['folder/' * 12 + f'{i}.png' for i in range(4)],
    ('a', LONG),
    np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [np.nan, np.nan]]),
    {3: 'no known image format'},
    list(np.zeros((3, 16, 16, 1), np.uint8)),
  )
  sheet.write(path, f'runs/{LONG}', found)


def _results(method, last):
  chosen = {'regret': 0.1, 'rank_correlation': 0.5, 'last_score': last}
  return {
    'method': method,
    'dataset': 'folder',
    'protocol': 'transductive',
    'baseline': None,
    'selected_by': 'infomax',
    'steps': 300,
    'seconds': 1.0,
    'evaluations': 3,
    'target_accuracy': {'last': last, 'selected': last - 0.1, 'oracle': 0.99},
    'validators': dict.fromkeys(('infomax', 'snd'), chosen | {'score': 2.0}),
  }


def _benchmark(path, runs):
  """As large as Office-Home's, with a run that failed."""
  out = path.parent / 'benchmark'
  names = ('source_only', 'dann', 'maximum_density_divergence', 'coral')
  tasks = itertools.permutations(('art', 'clipart', 'product', 'real_world'), 2)
  rows, finished = [], []
  for (number, task), method, seed in itertools.product(
    enumerate(tasks), names, range(2)
  ):
    where = {'source': task[0], 'target': task[1], 'seed': seed}
    last = 0.4 + 0.02 * number + 0.05 * names.index(method) + 0.01 * seed
    found = _results(method, last) | where
    fails = (number, method, seed) == (3, 'coral', 1)
    finished += [] if fails else [found]
    run = f'{"-".join(task)}/{method}-seed{seed}'
    rows.append(
      matrix.row(
        *(method, task, seed, None if fails else found),
        *(f'no such file: {20 * "/folder"}' if fails else '', run),
      )
    )
  out.mkdir()
  outputs.write(out, 'office_home', rows, finished)
  shutil.copy(out / 'index.html', path)


def _seeds(path, runs):
  """Of paths as users name them, with and without the page of a seed."""
  found = []
  for seed in range(20, 32):
    last = 0.6 + 0.01 * (seed % 5)
    before = _results('fine_tuned_by_' + LONG, last + 0.05)
    before['last_scores'] = {'infomax': last + 0.01 * (seed % 3)}
    where = {'source': 20 * '/folder', 'target': 20 * '/other', 'seed': seed}
    one = _results('maximum_density_divergence_of_' + LONG, last) | where
    found.append(one | {'baseline': before})
  whole = over_seeds.together(found)
  whole['runs'] = [f'seed{seed}' for seed in whole['seeds']]
  (path.parent / 'seed21').mkdir()
  (path.parent / 'seed21' / 'report.html').touch()
  shutil.move(seeds.write(path.parent, whole), path)


def _ablation(path, runs):
  varied = [
    factors.Factor('learning_rate', ('0.0001', '0.001', '0.01')),
    factors.Factor('weights', (20 * '/folder', 'none')),
    factors.Factor('bottleneck', ('128', '256')),
  ]
  done = [
    factors.Run(setting, 0, _results('dann', 0.5 + 0.01 * place))
    for place, setting in enumerate(factors.grid(varied))
  ]
  done[0] = done[0]._replace(results=None, failure=f'no {20 * "/folder"}')
  ablation_page.write(path.parent, 'An ablation', varied, done, None)
  shutil.move(path.parent / 'index.html', path)


def _sweep(path, runs):
  sweep = sweeps.opened(path.parent / 'sweep', trials=5)
  sweeps.hinder(sweep, 1, 1)
  trials.carry_out(sweep, sweeps.command())
  sweep_page.write(sweep, outcome.rows(sweep))
  shutil.copy(sweep.folder / 'index.html', path)


@pytest.mark.parametrize(
  'write',
  [
    _report,
    pytest.param(_wide_report, marks=pytest.mark.slow),
    _compare,
    _benchmark,
    _seeds,
    _ablation,
    _sweep,
    _data,
    _sheet,
  ],
)
def test_pages_fit_are_quiet_and_fetch_nothing(tab, tmp_path, runs, write):
  page = tmp_path / 'page.html'
  write(page, runs)
  for width in WIDTHS:
    tab.open(page, width)
    assert tab.misfits() == []
    assert tab.complaints() == []
    assert tab.requests() == [page.as_uri()]


def test_faults_are_seen(tab, tmp_path):
  """The checks above can fail."""
  page = tmp_path / 'page.html'
  page.write_text(
    '<!DOCTYPE html><body><div style="width: 500px">wide</div>'
    '<p style="width: 50px; overflow: hidden; white-space: nowrap">cut off'
    ' here</p><table style="width: 20px; table-layout: fixed"><td>unbreakable'
    '</td></table><img alt="broken" src="data:image/png;base64,AAAA">'
    '<img src="other.png"><script>console.error("said"); fail()</script>'
  )
  tab.open(page, 390)
  found = ' '.join(tab.misfits())
  for fault in (
    'wide ends at 508',
    'cut off here is cut off',
    'broken is not',
    'TD unbreakable is too narrow',
  ):
    assert fault in found
  said = ' '.join(tab.complaints())
  assert 'said' in said and 'fail is not defined' in said
  assert (tmp_path / 'other.png').as_uri() in tab.requests()


def test_screenshots_are_of_the_whole_page(tab, tmp_path):
  page = tmp_path / 'page.html'
  page.write_text(
    '<!DOCTYPE html><meta name="viewport" content="width=device-width">'
    '<div style="height: 3000px">high</div>'
  )
  tab.open(page, 390)
  tab.screenshot(tmp_path / 'page.png')
  header = (tmp_path / 'page.png').read_bytes()[:24]
  assert int.from_bytes(header[16:20]) == 390
  assert int.from_bytes(header[20:24]) >= 3000
