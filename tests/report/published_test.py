"""Published numbers: that they are whole, and which are shown where."""

import pytest

from da_jax import data
from da_jax.report import published


def test_every_table_is_of_known_domains_and_whole():
  for table in published._tables():
    domains = data.DATASETS[table['dataset']].domains
    tasks = published._tasks_of(table)
    assert {domain for task in tasks for domain in task} <= set(domains)
    for _, name, values, *mean in table['rows']:
      assert len(values) == (0 if 'domains' in table else len(tasks)), name
      assert mean or values


def test_printed_means_follow_from_their_rows_but_one():
  wrong = [
    name
    for table in published._tables()
    for _, name, values, *mean in table['rows']
    # .05 of the mean and .05 of each number were rounded away.
    if mean and values and abs(sum(values) / len(values) - mean[0]) > 0.1
  ]
  assert wrong == ['SVM']  # as the file says


def test_rows_follow_the_tasks_and_means_are_of_exactly_these():
  tasks = [('webcam', 'amazon'), ('amazon', 'webcam')]
  found = published.published('office31', tasks)
  (tllib,) = (
    row
    for row in found.rows
    if row.name == 'DANN' and 'thuml' in found.notes[row.note - 1]
  )
  assert tllib.scores == (70.4, 91.4)
  assert tllib.mean == pytest.approx(80.9)
  note = found.notes[tllib.note - 1]
  assert 'best epoch on target test labels' in note and 'our oracle' in note
  assert 'our oracle' not in found.notes[0]


def test_a_mean_of_all_pairs_is_not_shown_for_some():
  domains = data.DATASETS['office_home'].domains
  tasks = [(a, b) for a in domains for b in domains if a != b]
  found = published.published('office_home', tasks)
  row = next(row for row in found.rows if row.method == 'dann')
  assert row.mean == 65.2 and set(row.scores) == {None}
  assert published.published('office_home', tasks[1:]) == ((), ())


def test_nothing_is_known_of_the_embedded_digits():
  assert published.published('digits', [('plain', 'photo')]) == ((), ())
