"""Ranks against the worked example of Demšar (2006), table 6."""

import pytest
from scipy import stats

from da_jax.report import benchmark_page, critical_difference, matrix
from da_jax.report.critical_difference import Ranking

# AUC of four ways to make decision trees on 14 data sets.
# Printed .975 twice on the last but one, and ranked: before they were rounded.
AUC = {
  'C4.5': '.763 .599 .954 .628 .882 .936 .661 .583 .775 1 .940 .619 .972 .957',
  'C4.5+m': '.768 .591 .971 .661 .888 .931 .668 .583 .838 1 .962 .666 .981'
  ' .978',
  'C4.5+cf': '.771 .590 .968 .654 .886 .916 .609 .563 .866 1 .965 .614 .97501'
  ' .946',
  'C4.5+m+cf': '.798 .569 .967 .657 .898 .931 .685 .625 .875 1 .962 .669 .975'
  ' .970',
}
SCORES = {name: [float(x) for x in text.split()] for name, text in AUC.items()}


def test_the_example_of_the_paper():
  found = critical_difference.rank(SCORES)
  by_name = dict(zip(found.names, found.ranks, strict=True))
  assert {name: round(rank, 3) for name, rank in by_name.items()} == {
    'C4.5': 3.143,
    'C4.5+m': 2.0,
    'C4.5+cf': 2.893,
    'C4.5+m+cf': 1.964,
  }
  assert found.names[0] == 'C4.5+m+cf'
  # F = 3.69 with 3 and 39 degrees of freedom.
  assert found.p == pytest.approx(stats.f.sf(3.69, 3, 39), rel=0.01)
  # q = 2.569 of the paper's table 5.
  assert found.critical_difference == pytest.approx(
    2.569 * (4 * 5 / (6 * 14)) ** 0.5, rel=1e-3
  )


def test_without_ties_the_statistic_is_scipys():
  scores = {'a': [1, 5, 3, 9], 'b': [2, 3, 4, 1], 'c': [0, 4, 5, 2]}
  chi2 = stats.friedmanchisquare(*scores.values()).statistic
  f = 3 * chi2 / (4 * 2 - chi2)
  assert critical_difference.rank(scores).p == pytest.approx(
    stats.f.sf(f, 2, 6)
  )


def test_the_same_order_everywhere_is_certain():
  found = critical_difference.rank({'a': [3] * 6, 'b': [2] * 6, 'c': [1] * 6})
  assert found.names == ('a', 'b', 'c') and found.p == 0.0
  assert 'p < 0.001, the methods differ' in critical_difference.words(found)


def test_groups_are_the_longest_runs_within_the_difference():
  ranking = Ranking(tuple('abcde'), (1.0, 1.4, 2.5, 2.55, 4.5), 9, 0.01, 1.2)
  assert critical_difference.groups(ranking) == [(0, 1), (1, 3)]
  assert (
    critical_difference.groups(ranking._replace(ranks=(1, 3, 5, 7, 9))) == []
  )


def test_too_few_tasks_or_methods_are_named():
  assert critical_difference.too_few(SCORES) is None
  few = {name: values[:5] for name, values in SCORES.items()}
  assert 'here are 5 tasks and 4' in critical_difference.too_few(few)
  assert '0 tasks and 0' in critical_difference.too_few({})


def _row(method, target, seed, last):
  results = {
    'selected_by': '', 'protocol': '', 'steps': 1, 'seconds': 1.0, 'method': 'a'
  }  # fmt: skip
  if last is None:
    return matrix.row(method, ('s', target), seed, None, 'diverged')
  accuracy = {'target_accuracy': {'last': last, 'selected': 0, 'oracle': 1}}
  return matrix.row(method, ('s', target), seed, results | accuracy)


def _rows(**by_method):
  """By method, of two tasks with two seeds each."""
  places = [(target, seed) for target in 'tu' for seed in range(2)]
  return [
    _row(method, *place, last)
    for method, lasts in by_method.items()
    for place, last in zip(places, lasts, strict=True)
  ]


def test_only_methods_with_all_tasks_and_seeds_are_ranked():
  rows = _rows(a=[0.2, 0.4, 0.5, 0.7], b=[0.9, None, 0.9, 0.9])
  rows += _rows(c=[None] * 4, d=[0.1] * 4)[:-1]  # the last was not even tried
  assert critical_difference.scores(rows) == {
    'a': [pytest.approx(0.3), pytest.approx(0.6)]
  }
  assert critical_difference.incomplete(rows) == ['b', 'c', 'd']


def test_no_method_wins_by_the_seeds_that_are_left():
  full = _rows(source_only=[0.5] * 4, dann=[0.6] * 4, mmd=[0.9] * 3 + [None])
  said = benchmark_page.headline(full)
  assert (
    said.startswith('DANN has the highest mean') and '+10.0 points.' in said
  )
  assert said.endswith('Left out, as runs are missing: MMD.')
  none = _rows(source_only=[0.5, 0.5, 0.5, None], dann=[0.6] * 4)
  said = benchmark_page.headline(none)
  assert 'points' not in said and said.endswith('missing: source-only.')
  said = benchmark_page.headline(_rows(dann=[0.6, None, 0.6, 0.6]))
  assert said.startswith('No method has results for all tasks and seeds yet.')


@pytest.mark.parametrize(
  'last, gain', [(0.5, '±0.0'), (0.45, '\N{MINUS SIGN}5.0')]
)
def test_no_method_wins_that_does_not_gain(last, gain):
  rows = _rows(source_only=[0.5] * 4, dann=[last] * 4, mmd=[0.4] * 4)
  said = benchmark_page.headline(rows).replace('\N{NO-BREAK SPACE}', ' ')
  assert said == (
    'No method has a higher mean over all tasks than source-only under the same'
    ' budget 50.0 % (last step); the nearest, DANN, has'
    f' {100 * last:.1f} %: {gain} points.'
  )


def test_what_is_tuned_for_a_method_is_said():
  rows = _rows(source_only=[0.5] * 4, dann=[0.6] * 4)
  tuned = {'method': 'dann', 'baseline': {'tuned': ['learning_rate']}}
  other = {'method': 'mmd', 'baseline': {'tuned': ['gamma']}}
  said = benchmark_page.headline(rows, [tuned, other, tuned])
  assert 'under the same budget but another --learning_rate, 50.0' in said
  none = {'method': 'dann', 'baseline': None}
  said = benchmark_page.headline(rows, [none])
  assert 'source-only under the same budget 50.0' in said


def test_the_plot_names_all():
  picture = critical_difference.plot(critical_difference.rank(SCORES))
  assert picture.src.startswith('data:image/svg')
  assert 'C4.5+m+cf 1.96, C4.5+m 2.00' in picture.alt


def test_without_a_difference_there_are_no_bars(monkeypatch):
  drawn = []
  monkeypatch.setattr(
    critical_difference.figures, 'svg', lambda figure, alt: drawn.append(figure)
  )
  ranking = Ranking(tuple('abc'), (1.5, 2.0, 2.5), 9, 0.01, 1.2)
  for p in (0.01, 0.05):
    critical_difference.plot(ranking._replace(p=p))
  differ, alike = (
    [text.get_text() for text in figure.axes[0].texts] for figure in drawn
  )
  assert set(differ) - set(alike) == {'critical difference 1.20'}
  # The bar of all three, and the difference.
  assert len(drawn[0].axes[0].lines) == len(drawn[1].axes[0].lines) + 2
