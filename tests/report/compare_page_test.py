"""Runs over one another, those that go on still included."""

import json
import shutil
import sys

from absl import flags
from absl.testing import flagsaver
import pytest

from da_jax import commands, errors
from da_jax.report import compare_page
from experiments import compare


@pytest.fixture
def pair(tmp_path, runs):
  """Source-only, DANN and DANN half way with another learning rate."""
  run = runs.pair(tmp_path)
  half = tmp_path / 'half'
  half.mkdir()
  config = json.loads((run / 'config.json').read_text())
  config['flags'] |= {'learning_rate': 0.1, 'steps': 1000, 'workdir': 'half'}
  (half / 'config.json').write_text(json.dumps(config))
  lines = (run / 'metrics.jsonl').read_text().splitlines()
  (half / 'metrics.jsonl').write_text('\n'.join(lines[:10]) + '\n{"step": 9')
  return [tmp_path / 'source_only', run, half]


def test_numbers_of_finished_and_unfinished_runs(pair):
  header, *lines = compare_page.numbers(compare_page.read(pair))
  assert header[2] == 'selected by infomax'
  assert [line[0] for line in lines] == ['A source_only', 'B dann', 'C half']
  assert lines[1][1:] == [
    '88.1\xa0%',
    '87.5\xa0%',
    '89.0\xa0%',
    '98.7\xa0%',
    '1000',
  ]
  last = [
    json.loads(line)
    for line in (pair[2] / 'metrics.jsonl').read_text().splitlines()[:-1]
  ]
  newest = [one['target_accuracy'] for one in last if 'target_accuracy' in one]
  assert lines[2][1] == f'{100 * newest[-1]:.1f}\xa0% so far'
  assert lines[2][2:4] == ['–', '–']
  assert lines[2][5] == f'unfinished, {last[-1]["step"]} of 1000'


def test_only_what_differs_and_matters_is_listed(pair):
  rows = {
    name: cells
    for name, *cells in compare_page.differences(compare_page.read(pair))
  }
  assert rows == {
    'method': ['source_only', 'dann', 'dann'],
    '--method': ['source_only', 'dann', 'dann'],
    '--learning_rate': ['0.01', '0.01', '0.1'],
    '--steps': ['–', '–', '1000'],
  }


def test_page_overlays_and_warns_of_other_tasks(pair, tmp_path):
  out = tmp_path / 'compare.html'
  compare_page.write(out, compare_page.read(pair))
  html = out.read_text()
  assert 'strength: A from' in html and '; C from' in html
  assert 'different tasks' not in html
  config = json.loads((pair[0] / 'config.json').read_text())
  config['flags']['source'] = 'elsewhere'
  (pair[0] / 'config.json').write_text(json.dumps(config))
  entries = compare_page.read(pair)
  assert 'different tasks' in compare_page._warning(entries)


def test_a_run_within_a_run_has_a_name(pair):
  inner = pair[1] / 'source_only'
  shutil.copytree(pair[0], inner)
  entries = compare_page.read([pair[1], inner])
  assert [entry.name for entry in entries] == ['dann', 'dann/source_only']


def test_lines_can_be_told_apart(pair, tmp_path):
  runs = []
  for i in range(compare_page.LIMIT + 1):
    runs.append(tmp_path / f'run{i}')
    runs[-1].mkdir()
    shutil.copy(pair[0] / 'config.json', runs[-1])
  entries = compare_page.read(runs[:-1])
  looks = {(entry.colour, entry.dash) for entry in entries}
  keys = {entry.key for entry in entries}
  assert len(looks) == len(keys) == compare_page.LIMIT
  with pytest.raises(errors.UserError, match='cannot be told apart'):
    compare_page.read(runs)


def _say(monkeypatch, capsys, *argv):
  monkeypatch.setattr(sys, 'argv', ['compare', *map(str, argv)])
  with flagsaver.flagsaver(), pytest.raises(SystemExit) as stop:
    flags.FLAGS.unparse_flags()
    commands.run(compare.main, (), arguments=True)
  said = capsys.readouterr()
  return stop.value.code, said.out + said.err


def test_command_writes_the_page(pair, tmp_path, monkeypatch, capsys):
  out = tmp_path / 'page.html'
  code, said = _say(monkeypatch, capsys, *pair[:2], f'--out={out}')
  assert not code and '88.1' in said and str(out) in said.replace('\n', '')
  assert out.read_text().startswith('<!DOCTYPE html>')


def test_command_says_what_is_wrong(pair, tmp_path, monkeypatch, capsys):
  for words, sentence in (
    ((pair[0],), 'name the folders of two runs or more'),
    ((pair[0], tmp_path), 'is not the folder of a run'),
    ((pair[0], pair[0]), 'a run is named twice'),
    ((*pair, '--out=page.txt'), '--out=page.txt is no .html'),
  ):
    code, said = _say(monkeypatch, capsys, *words)
    assert code == 2 and sentence in said and 'Traceback' not in said
