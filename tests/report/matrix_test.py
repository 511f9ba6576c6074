"""The matrix of results against numbers worked out by hand."""

import csv
import io

from rich import console

from da_jax.report import matrix

RESULTS = {
  'selected_by': 'infomax',
  'protocol': 'transductive',
  'steps': 3,
  'seconds': 1.5,
}


def _row(method, target, seed, last):
  accuracy = {'last': last, 'selected': last - 0.1, 'oracle': 0.9}
  results = {**RESULTS, 'target_accuracy': accuracy}
  return matrix.row(method, ('a', target), seed, results)


ROWS = [
  _row('source_only', 'b', 0, 0.5),
  _row('source_only', 'c', 0, 0.7),
  _row('dann', 'b', 0, 0.8),
  _row('dann', 'c', 0, 0.6),
  _row('source_only', 'b', 1, 0.6),
  _row('source_only', 'c', 1, 0.8),
  _row('dann', 'b', 1, 0.9),
  matrix.row('dann', ('a', 'c'), 1, None, 'exit code 2, no room'),
]


def test_cells_are_means_and_deviations_over_seeds():
  assert matrix.cells(ROWS) == [
    ['', 'a → b', 'a → c', 'mean'],
    # std([.5, .6], ddof=1) = .0707; the means of both tasks: .6 and .7.
    ['source_only', '55.0 ± 7.1', '75.0 ± 7.1', '65.0 ± 7.1'],
    ['dann', '85.0 ± 7.1', '1 of 2 seeds', '1 of 2 seeds'],
  ]


def test_one_seed_has_no_deviation_and_selection_is_its_own():
  lines = matrix.cells(ROWS[:2], 'selected')
  assert lines[1] == ['source_only', '40.0', '60.0', '50.0']


def test_csv_has_every_run_and_what_failed():
  lines = list(csv.DictReader(io.StringIO(matrix.to_csv(ROWS))))
  assert len(lines) == len(ROWS)
  assert (lines[0]['last'], lines[0]['oracle']) == ('0.5', '0.9')
  assert lines[-1]['last'] == '' and 'no room' in lines[-1]['failure']


def test_markdown_is_a_table():
  text = matrix.to_markdown(matrix.cells(ROWS)).splitlines()
  assert text[0] == '|  | a → b | a → c | mean |'
  assert text[1] == '|---|---|---|---|'
  assert len(text) == 4
  assert matrix.to_markdown([['a|b']]).startswith('| a\\|b |')


def test_the_terminal_shows_brackets(capsys):
  lines = [['[/x]', 'b'], ['[b]dann[/b]', '1']]
  console.Console(width=80).print(matrix.to_terminal(lines, 'of [y]'))
  told = capsys.readouterr().out
  assert all(word in told for word in ('[/x]', '[b]dann[/b]', 'of [y]'))
