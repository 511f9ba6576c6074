"""What a script does beside training: pages and baselines."""

import json

import numpy as np
import pytest

from tests import scripts

QUICK = ('--steps=2', '--batch_size=4')


@pytest.fixture(scope='module')
def rows(tmp_path_factory):
  return (*scripts.write_rows(tmp_path_factory.mktemp('rows')), *QUICK)


def test_a_finished_run_without_a_page_gets_one(
  answer, rows, tmp_path, warnings
):
  run = tmp_path / 'run'
  command = (*rows, '--baseline=none', f'--workdir={run}')
  assert answer(*command, '--noreport')[0] is None
  results, page = run / 'results.json', run / 'report.html'
  before, table = results.stat().st_mtime_ns, answer.printed
  assert not page.exists()
  assert answer(*command)[0] is None and not warnings
  accuracy = json.loads(results.read_text())['target_accuracy']['last']
  assert f'{100 * accuracy:.1f}\N{NO-BREAK SPACE}%' in page.read_text()
  written = page.stat().st_mtime_ns
  assert answer(*command)[0] is None
  assert page.stat().st_mtime_ns == written
  page.unlink()
  (run / 'predictions.npz').write_bytes(b'')
  for said in ('cannot be read', 'is missing'):
    assert answer(*command) == (None, '') and answer.printed.endswith(table)
    assert f'predictions.npz {said}' in warnings.pop() and not page.exists()
    (run / 'predictions.npz').unlink(missing_ok=True)
  assert results.stat().st_mtime_ns == before


def test_source_only_is_trained_once(answer, rows, tmp_path):
  def trained(name, *flags):
    run = tmp_path / name
    command = (*rows, '--noreport', f'--workdir={run}', *flags)
    code, said = answer(*command, name='twin')
    assert code is None, said
    arrays = dict(np.load(run / 'predictions.npz'))
    return json.loads((run / 'results.json').read_text())['baseline'], arrays

  own, arrays = trained('one')
  assert 'Compared with' not in answer.printed
  found, same_arrays = trained('two', '--report')
  printed = answer.printed.splitlines()[0]
  assert printed.startswith(f'Compared with {tmp_path}/one/source_only instead')
  assert not (tmp_path / 'two' / 'source_only').exists()
  page = (tmp_path / 'two' / 'report.html').read_text()
  assert 'before (source-only)' in page
  # As if it had been trained for it.
  anew, other_arrays = trained('three', '--overwrite')
  assert 'Compared with' not in answer.printed
  assert found.pop('run') == '../one/source_only'
  assert own.pop('run') == anew.pop('run') == 'source_only'
  assert found == own == anew
  np.testing.assert_equal(same_arrays, arrays)
  np.testing.assert_equal(same_arrays, other_arrays)
