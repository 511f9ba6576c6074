"""Pages of sweeps and ablations: numbers by hand, nothing fetched."""

import csv
import json
import re

import numpy as np
import pytest
from scipy import stats

from da_jax.report import ablation_page, figures, sections, sweep_page
from da_jax.tuning import factors, outcome, study, trials
from da_jax.tuning.factors import Factor, Run
from tests.tuning import sweeps

FACTORS = [Factor('a', ('1', '2')), Factor('b<i>', ('x', 'y', 'z'))]


def _results(last):
  accuracy = {'last': last, 'selected': last - 0.1, 'oracle': last + 0.1}
  return {
    'target_accuracy': accuracy,
    'selected_by': 'infomax',
    'seconds': 1.0,
    'validators': {'infomax': {'score': 2.0}},
  }


def _csv(folder):
  with (folder / 'results.csv').open() as file:
    return list(csv.DictReader(file))


def _is_whole(page):
  assert '<script' not in page and '<link' not in page
  assert all(src.startswith('data:') for src in re.findall('src="(.+?)"', page))


def test_an_ablation_in_words_and_plots(tmp_path):
  runs = [
    Run((a, b), seed, _results(0.5 + 0.1 * (a == '2') + 0.01 * seed))
    for a, b in factors.grid(FACTORS)
    for seed in (0, 1)
  ]
  runs[0] = runs[0]._replace(results=None, failure='exit code 1, <b>no</b>')
  lines = ablation_page.write(tmp_path, 'An ablation', FACTORS, runs, None)
  assert lines[0][:4] == ['factor', 'value', 'seeds', 'last']
  # Of a=1 seed 0 failed: .51 is left. All pairs of runs differ by .1.
  assert lines[1] == ['a', '1', '1', '51.0', '41.0', '61.0', '−10.0']
  # t.975 of one degree of freedom is 12.71, the standard error .5 points.
  assert lines[2][:4] == ['a', '2', '2', '60.5 ± 6.4']
  rows = _csv(tmp_path)
  assert len(rows) == 12 and rows[0]['failure'] == 'exit code 1, <b>no</b>'
  assert rows[-1]['b<i>'] == 'z' and rows[-1]['score'] == '2.0'
  assert float(rows[-1]['last']) == pytest.approx(0.61)
  page = (tmp_path / 'index.html').read_text()
  _is_whole(page)
  assert '<b>no' not in page and 'b<i>' not in page
  # Two effects, and a pair by last and selected.
  assert page.count('<img') == 4
  text = (tmp_path / 'table.md').read_text()
  assert '1 of 12 runs failed: exit code 1' in text
  assert '| 1 | x | 1 of 2 seeds |' in text
  assert '| 2 | z | 60.5 ± 0.7 |' in text


@pytest.mark.parametrize(
  ('gains', 'said'),
  [
    (
      (0.1, 0.11, 0.09, 0.1, 0.105),
      'a=2 is 10.1 points at the last step above a=1 (5 seeds, p < 0.001).',
    ),
    (
      (0.3, -0.2, 0.2, 0.1, 0.1),
      'No difference is shown; the widest is 10.0 points at the last step, of'
      ' a=2 above a=1 (5 seeds, p = 1.000).',  # 0.3 for each of 4 pairs
    ),
    (
      (0.1,),
      'No difference is shown; the widest is 10.0 points at the last step, of'
      ' a=2 above a=1 (1 seed).',
    ),
  ],
)
def test_the_headline_is_no_chance(gains, said, tmp_path):
  runs = [
    Run((a, b), seed, _results(0.5 + gain * (a == '2')))
    for a, b in factors.grid(FACTORS)
    for seed, gain in enumerate(gains)
  ]
  ablation_page.write(tmp_path, 'An ablation', FACTORS, runs, None, ['Mind.'])
  _, headline, *notes = (tmp_path / 'table.md').read_text().split('\n\n')
  assert headline == said
  assert 'Mind.' in notes


def test_an_ablation_that_failed_throughout_says_so(tmp_path):
  runs = [Run(s, 0, None, 'exit code 2, no') for s in factors.grid(FACTORS)]
  ablation_page.write(tmp_path, 'An ablation', FACTORS, runs, None)
  text = (tmp_path / 'table.md').read_text()
  assert 'No two values have runs to compare.' in text
  assert '6 of 6 runs failed' in text


def test_values_with_dollars_are_no_formulas(tmp_path):
  tried = [Factor('a', ('$a_$', '$^$')), Factor('b', ('$_$', '$$b^{'))]
  found = [Run(setting, 0, _results(0.5)) for setting in factors.grid(tried)]
  ablation_page.write(tmp_path, 'x', tried, found, None)
  _is_whole((tmp_path / 'index.html').read_text())


def test_only_small_pictures_shrink_on_a_phone(tmp_path):
  pictures = [figures.Picture('data:', f'{w} wide', w) for w in (330, 800)]
  parts = [sections.Section('Plots', pictures=pictures)]
  sections.write(tmp_path, sections.Report('Title', [], [], [], parts))
  page = (tmp_path / 'index.html').read_text()
  scrolling = re.findall(
    r'<div class="scroll">\s*<img class="wide".+?>', page, re.S
  )
  assert ['800 wide' in each for each in scrolling] == [True]
  assert page.count('<img') == 2 and page.count('"wide"') == 1


def test_one_factor_at_a_time(tmp_path):
  base = ('1', 'y')
  runs = [
    Run(setting, 0, _results(0.4 + 0.1 * ('yxz'.index(setting[1]))))
    for setting in factors.one_at_a_time(FACTORS, base)
  ]
  lines = ablation_page.write(tmp_path, 'Alone', FACTORS, runs, base)
  assert [line[3] for line in lines[1:]] == [
    *('40.0', '40.0'),
    *('50.0', '40.0', '60.0'),
  ]
  assert 'Pairs' not in (tmp_path / 'index.html').read_text()


@pytest.fixture(scope='module')
def sweep(tmp_path_factory):
  done = sweeps.opened(tmp_path_factory.mktemp('sweep'), trials=5)
  sweeps.hinder(done, 1, 1)
  trials.carry_out(done, sweeps.command())
  return done


def test_regret_is_to_the_trial_that_labels_would_have_chosen(sweep):
  rows = outcome.rows(sweep)
  found = {
    int(path.parent.name): json.loads(path.read_text())
    for path in sweep.folder.glob('trials/*/results.json')
  }
  assert set(found) == {0, 2, 3, 4}
  scores = {n: r['validators']['infomax']['score'] for n, r in found.items()}
  right = {n: r['target_accuracy']['selected'] for n, r in found.items()}
  chosen = max(scores, key=scores.get)
  verdict = outcome.verdict(rows)
  assert verdict.chosen['trial'] == chosen
  assert verdict.oracle['trial'] == max(right, key=right.get)
  regret = max(right.values()) - right[chosen]
  assert verdict.regret == pytest.approx(regret) and regret > 0
  by_name = {c.name: c for c in outcome.validators(sweep, rows)}
  assert by_name['snd'].trial == min(right, key=right.get)
  assert by_name['snd'].correlation == pytest.approx(-1)
  assert by_name['infomax'].regret == pytest.approx(regret)


def test_trials_without_a_score_rank_below_all(sweep, monkeypatch):
  read = outcome.runs.results_of
  scores = {0: None, 2: 1.0, 3: 2.0, 4: 3.0}

  def hidden(run):
    found, score = read(run), scores[int(run.name)]
    right = None if score is None else score / 4
    choice = {'score': score, 'target_accuracy': right}
    return found | {'validators': {'dev': choice}}

  rows = [
    {**row, 'last': 0.1} if row['trial'] == 0 else row
    for row in outcome.rows(sweep)
  ]
  monkeypatch.setattr(outcome.runs, 'results_of', hidden)
  (dev,) = outcome.validators(sweep, rows)
  assert dev.trial == 4 and dev.correlation == pytest.approx(1)
  scores[2] = None  # two are left, and two that share the lowest rank
  rows = [{**row, 'last': row['trial'] / 10} for row in rows]
  (dev,) = outcome.validators(sweep, rows)
  expected = stats.spearmanr([0, 0, 2, 3], [0, 0.2, 0.5, 0.75]).statistic
  assert dev.correlation == pytest.approx(expected)


def test_a_sweep_in_words_and_plots(sweep):
  rows = outcome.rows(sweep)
  verdict = outcome.verdict(rows)
  text = sweep_page.write(sweep, rows)
  assert '5 trials: 4 complete, 0 pruned, 1 failed.' in text
  assert f'infomax chose trial {verdict.chosen["trial"]} (rate=' in text
  assert f'regret {100 * verdict.regret:.1f} points' in text
  page = (sweep.folder / 'index.html').read_text()
  _is_whole(page)
  assert page.count('<img') == 6  # course, oracle, two flags, all, importance
  lines = _csv(sweep.folder)
  assert [line['state'] for line in lines].count('failed') == 1
  assert lines[1]['failure'] == 'exit code 1, no such data'
  drawn = [trial.params['rate'] for trial in study.trials(sweep)]
  np.testing.assert_array_equal([float(line['rate']) for line in lines], drawn)


def test_a_sweep_without_a_complete_trial_says_why(tmp_path):
  failed = sweeps.opened(tmp_path, trials=1)
  sweeps.hinder(failed, 0, 1)
  trials.carry_out(failed, sweeps.command())
  rows = outcome.rows(failed)
  assert outcome.verdict(rows) is None
  assert 'the last said: exit code 1, no' in sweep_page.write(failed, rows)


def test_what_a_pruned_trial_reached_is_told(tmp_path):
  pruned = sweeps.opened(tmp_path, trials=3)
  for _ in range(2):
    work = study.take(pruned)
    trials._carry_out(pruned, work, sweeps.command()(work))
    work.claim.close()
  work = study.take(pruned)
  work.run.mkdir()
  name = 'validators/infomax'
  (work.run / 'metrics.jsonl').write_text(
    f'{{"step": 1, "target_accuracy": 0.25, "{name}": 3}}\n'
    f'{{"step": 2, "target_accuracy": 2.0, "{name}": 4}}\n'
    f'{{"step": 3, "target_accuracy": 0.5, "{name}": 1}}\n'
  )
  pruned.study.tell(2, state=trials.TrialState.PRUNED)
  row = outcome.rows(pruned)[2]
  assert (row['score'], row['selected'], row['last']) == (4, 2.0, 0.5)
  text = sweep_page.write(pruned, outcome.rows(pruned))
  assert 'Trial 2 was given up and had reached 200.0' in text
  verdict = outcome.verdict(outcome.rows(pruned))
  assert verdict.chosen['trial'] != 2
  assert verdict.oracle['trial'] == verdict.best['trial'] == 2
  regret = 2.0 - verdict.chosen['selected']
  assert verdict.regret == verdict.full_regret == pytest.approx(regret)
