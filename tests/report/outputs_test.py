"""What is written of a matrix: the numbers, the notes, the failed runs."""

import csv
from html.parser import HTMLParser
import json

import pytest

from da_jax.report import beside, gains, latex, matrix, outputs
from tests.report.paired_test import row

TASKS = [('amazon', 'webcam'), ('webcam', 'amazon')]


def _results(method, task, seed, last):
  chosen = {'regret': 0.1, 'rank_correlation': 0.5, 'last_score': last}
  return {
    'method': method,
    'source': task[0],
    'target': task[1],
    'seed': seed,
    'selected_by': 'snd',
    'protocol': 'all of it',
    'steps': 7,
    'seconds': 1.0,
    'evaluations': 3,
    'target_accuracy': {'last': last, 'selected': last - 0.1, 'oracle': 0.95},
    'validators': {'snd': chosen},
  }


def _write(out, gain=0.25, evaluations=3):
  """A matrix on disk in which the last run of DANN failed."""
  rows, finished = [], []
  for task in TASKS:
    for seed in range(2):
      for method in ('source_only', 'dann'):
        run = f'{"-".join(task)}/{method}-seed{seed}'
        last = 0.5 + 0.1 * seed + gain * (method == 'dann')
        found = _results(method, task, seed, last) | {
          'evaluations': evaluations
        }
        if (method, task, seed) == ('dann', TASKS[1], 1):
          rows.append(matrix.row(method, task, seed, None, 'no <room>', run))
          continue
        (out / run).mkdir(parents=True)
        flags = {'backbone': 'lenet', 'seed': seed, 'momentum': seed, 'ema': 1}
        config = json.dumps({'flags': flags})
        (out / run / 'config.json').write_text(config)
        finished.append(found)
        rows.append(matrix.row(method, task, seed, found, '', run))
  (out / rows[0]['run'] / 'report.html').write_text('')
  return rows, outputs.write(out, 'office31', rows, finished)


class _Page(HTMLParser):
  """Links, images and text of a page."""

  def __init__(self, text):
    super().__init__()
    self.links, self.images, self.words = [], [], []
    self.feed(text)

  def handle_starttag(self, tag, attrs):
    attrs = dict(attrs)
    self.links += [attrs['href']] if tag == 'a' else []
    self.images += [attrs['src']] if tag == 'img' else []
    assert tag not in ('script', 'link', 'iframe')

  def handle_data(self, data):
    self.words.append(data)


@pytest.fixture(scope='module')
def written(tmp_path_factory):
  out = tmp_path_factory.mktemp('benchmark')
  rows, paths = _write(out)
  return out, rows, {path.name: path.read_text() for path in paths}


def test_the_page_has_numbers_links_and_failures(written):
  out, _, texts = written
  page = _Page(texts['index.html'])
  text = ' '.join(' '.join(page.words).split())
  assert '2 methods × 2 tasks × 2 seeds' in text
  assert '80.0 ± 7.1' in text and '1 of 2 seeds' in text
  assert '1 of 8 runs have no results' in text and 'no <room>' in text
  assert (
    'published: DANN' in text and 'best epoch on target test labels' in text
  )
  assert 'Runs differ in --momentum: 0, 1.' in text
  assert '--seed' not in text and '--ema' not in text
  assert 'here are 2 tasks and 1 such' in text
  assert text.count('Left out, as runs are missing: DANN.') == 2
  assert 'the last step: nothing is chosen' in text
  assert 'chosen without target labels, by snd' in text
  local = [link for link in page.links if not link.startswith('#')]
  assert 'amazon-webcam/source_only-seed0/report.html' in local
  assert 'amazon-webcam/dann-seed0/' in local
  assert all((out / link).exists() for link in local)
  assert len(page.images) == 2  # gains and regrets
  assert all(image.startswith('data:image/svg') for image in page.images)
  notes = [link for link in page.links if link.startswith('#')]
  assert all(f'id="{note[1:]}"' in texts['index.html'] for note in notes)


def test_one_evaluation_leaves_out_what_it_cannot_say(tmp_path):
  _, paths = _write(tmp_path, evaluations=1)
  text = paths[-1].read_text()
  assert 'there was nothing to' in text and text.count('<img') == 1
  assert 'Ways of choosing' not in (tmp_path / 'table.md').read_text()


def test_the_tables_have_ours_and_published_with_notes(written):
  _, rows, texts = written
  markdown = texts['table.md']
  assert '| dann | 80.0 ± 7.1 | 1 of 2 seeds | 1 of 2 seeds |' in markdown
  assert '| published: DANN [3] | 91.4 | 70.4 | 80.9 |' in markdown
  assert '\n- [3] Read in: README of thuml' in markdown
  assert 'amazon/dann-seed1: no <room>' in markdown
  tex = texts['table.tex']
  assert r'dann & 80.0 $\pm$ 7.1 & 1 of 2 seeds' in tex
  assert r'source\_only & ' in tex and r'amazon $\to$ webcam' in tex
  assert r'\toprule' in tex and tex.count('{tabular}') == 2
  lines = list(csv.DictReader(texts['results.csv'].splitlines()))
  assert len(lines) == len(rows) == 8
  assert lines[0]['evaluations'] == '3' and lines[-1]['last'] == ''
  assert lines[-1]['run'] == 'webcam-amazon/dann-seed1'


def test_negative_transfer_is_on_the_page_and_in_the_table(tmp_path):
  rows = [
    row(method, TASKS[0], seed, 0.6 - loss * (1 + seed / 10), score=1 - loss)
    for method, loss in (('source_only', 0.0), ('dann', 0.2))
    for seed in range(6)
  ]
  outputs.write(tmp_path, 'office31', rows, [])
  page = _Page((tmp_path / 'index.html').read_text())
  text = ' '.join(' '.join(page.words).split())
  table = (tmp_path / 'table.md').read_text()
  p = 2 / 2**6  # six signs
  by_score = 'NEGATIVE TRANSFER by infomax, without target labels: DANN in'
  for said in (text, table):
    assert (
      'NEGATIVE TRANSFER in target accuracy at the last step: DANN in amazon'
      f' → webcam (−25.0, p = {p:.3f}).'
    ) in said
    assert f'{by_score} amazon → webcam (−0.2, p = {p:.3f}).' in said
    assert 'after Holm’s adjustment' in said
  line = '| dann | by infomax, without target labels | 6 | −0.2 | – | −0.2 | –'
  assert f'{line} | {p:.3f} | {p:.3f} | NEGATIVE TRANSFER |' in table


def test_published_methods_that_were_not_run_are_apart(written):
  _, rows, _ = written
  found = beside.beside('office31', rows)
  assert {'published: MCC', 'published: JAN'} <= {o.name for o in found.others}
  assert [line.name for line in found.lines if line.note is None] == [
    'source_only',
    'dann',
  ]


def test_gains_are_means_over_the_seeds_that_both_have(written):
  _, rows, _ = written
  assert gains.by_task(rows) == {
    'dann': {task: pytest.approx(0.25) for task in TASKS}
  }
  assert gains.plot([row for row in rows if row['method'] == 'dann']) is None


def test_latex_prints_what_is_special_to_it():
  assert latex.escape('a_b & 5 % \\ {x}') == (
    r'a\_b \& 5 \% \textbackslash{} \{x\}'
  )


def test_latex_tables_have_many_tasks_as_lines_and_many_methods_too():
  tasks = [f'a → b{n}' for n in range(9)]
  by_method = [['', *tasks, 'mean'], ['dann', *['90.1 ± 0.2'] * 10]]
  by_task = [['', 'dann'], *([task, '90.1 ± 0.2'] for task in [*tasks, 'mean'])]
  text = latex.table(by_method, 'x')
  assert text == latex.table(by_task, 'x') and r'\begin{tabular}{lr}' in text
  assert r'a $\to$ b8 & 90.1 $\pm$ 0.2 \\' in text
