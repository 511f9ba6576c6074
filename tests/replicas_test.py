"""Many runs at a time: each is the run that it would be by itself."""

import functools
import itertools
import signal
import types

import jax
import numpy as np
import pytest

from da_jax import (
  assess,
  checkpoint,
  journal,
  methods,
  models,
  observation,
  parallel,
  programs,
  replicas,
  signals,
  train,
)
from da_jax.course import Plan, course
from da_jax.data import transforms
from da_jax.errors import DivergedError, InterruptedRunError
from da_jax.selection import VALIDATORS
from tests import toy, training

WAYS = ('turns', 'vmap')
PLAN = Plan(steps=12, batch_size=16, eval_every=5, quiet=True)
SEEDS = (0, 1, 2)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
  """One validator, and no program that is compiled again unnoticed."""
  few = {name: VALIDATORS[name] for name in ('corr_c', 'source_accuracy')}
  monkeypatch.setattr(assess, 'VALIDATORS', few)
  # Not the logging of all: Orbax warns on a machine that others use.
  logging = types.SimpleNamespace(warning=pytest.fail)
  monkeypatch.setattr(observation, 'logging', logging)


@functools.cache
def _programs(name: str):
  """Shared by the tests, whose compiling would take longest."""
  return programs.of(training.DROPOUT[name], _PAIR)


_PAIR = toy.pair()


def _train(way, count, plans, name='dann', pairs=None):
  """Seeds' outcomes on some devices; no course where there is no plan."""
  shared = _programs(name)
  pairs = pairs or [_PAIR] * len(plans)
  courses = [
    plan and course(shared, pair, plan)
    for pair, plan in zip(pairs, plans, strict=True)
  ]
  with parallel.on(jax.devices()[:count]):
    return replicas.train(courses, shared.step, way=way, name=name)


def _plans(folder=None, **options):
  return [
    PLAN._replace(seed=s, workdir=folder and folder / f'{s}', **options)
    for s in SEEDS
  ]


@functools.cache
def _alone(name: str, seed: int):
  with parallel.on(jax.devices()[:1]):
    plan = PLAN._replace(seed=seed)._asdict()
    return train.train(training.DROPOUT[name], _PAIR, **plan)


def _all_and_a_few():
  """Every method, way and number of devices, most of them slow."""
  few = {('dann', 'turns', 1), ('dann', 'vmap', 4)}
  cases = itertools.product(('source_only', 'dann', 'mmd'), WAYS, (1, 4))
  return [
    pytest.param(*case, marks=() if case in few else pytest.mark.slow)
    for case in cases
  ]


@pytest.mark.parametrize(('name', 'way', 'count'), _all_and_a_few())
def test_each_is_the_run_by_itself(name, way, count):
  found = _train(way, count, _plans(), name)
  for seed, outcome in zip(SEEDS, found, strict=True):
    alone = _alone(name, seed)
    if way == 'turns':
      training.assert_same(outcome.state, alone.state)
      training.assert_same(outcome.selected, alone.selected)
      assert outcome.record['evaluations'] == alone.record['evaluations']
    else:
      jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5),
        outcome.state,
        alone.state,
      )
    steps = [each['step'] for each in outcome.record['evaluations']]
    assert steps == [5, 10, 12]
  used = [next(iter(each.state.step.devices())).id for each in found]
  assert used == ([0, 0, 0] if count == 1 else [0, 1, 2])


@pytest.mark.slow
@pytest.mark.parametrize('way', WAYS)
def test_lanes_of_a_device_and_what_fills_the_last(way):
  """Three runs on two devices leave a place for a fourth."""
  found = _train(way, 2, _plans())
  used = [next(iter(each.state.step.devices())).id for each in found]
  assert used == [0, 0, 1]
  for seed, outcome in zip(SEEDS, found, strict=True):
    jax.tree.map(
      lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5),
      outcome.state,
      _alone('dann', seed).state,
    )


@pytest.mark.parametrize('way', WAYS)
def test_stopped_killed_and_resumed_equals_undisturbed(
  way, tmp_path, monkeypatch
):
  whole = _train(way, 1, _plans())
  plans = _plans(tmp_path, checkpoint_every=3)
  with monkeypatch.context() as patch:
    training.stop_at(patch, 6)
    with pytest.raises(InterruptedRunError) as stopped:
      _train(way, 1, plans)
  assert stopped.value.step == 7
  saved = [tmp_path / str(s) / checkpoint.FOLDER for s in SEEDS]
  assert all((folder / '7').is_dir() for folder in saved)
  # A kill may come when only some have been saved.
  (saved[1] / '7').rename(tmp_path / 'not saved')
  parts = _train(way, 1, plans)
  for one, other in zip(whole, parts, strict=True):
    training.assert_same(one.state, other.state)
    training.assert_same(one.selected, other.selected)
    assert one.record['evaluations'] == other.record['evaluations']
  again = _train(way, 1, plans)
  training.assert_same(whole[2].state, again[2].state)


def test_a_signal_in_the_last_evaluation_is_not_lost(tmp_path, monkeypatch):
  original = journal.Journal.evaluation

  def evaluation(self, result):
    original(self, result)
    if result['step'] == PLAN.steps:
      signal.raise_signal(signal.SIGTERM)

  monkeypatch.setattr(journal.Journal, 'evaluation', evaluation)
  with signals.raising(), pytest.raises(signals.PreemptedError):
    _train('turns', 1, _plans(tmp_path))
  saved = [tmp_path / str(s) / checkpoint.FOLDER / '12' for s in SEEDS]
  assert all(folder.is_dir() for folder in saved)


@pytest.mark.parametrize('way', WAYS)
def test_the_others_change_no_bit_of_a_run(way, monkeypatch):
  """Whether one ends early, diverges or was finished before."""
  whole = _train(way, 1, _plans())
  constant = dict.fromkeys(assess.VALIDATORS, lambda evidence: 0.5)
  monkeypatch.setattr(assess, 'VALIDATORS', constant)
  plans = _plans()
  early = [plans[0], plans[1]._replace(patience=1), plans[2]]
  found = _train(way, 1, early)
  assert int(found[1].state.step) == 10
  bad = _PAIR._replace(
    source_train=_PAIR.source_train._replace(
      x=np.full_like(_PAIR.source_train.x, np.nan)
    )
  )
  diverged = _train(way, 1, plans, pairs=[_PAIR, bad, _PAIR])
  assert isinstance(diverged[1], DivergedError)
  before = _train(way, 1, [plans[0], None, plans[2]])
  assert before[1] is None
  for some in (found, diverged, before):
    for lane in (0, 2):
      training.assert_same(whole[lane].state, some[lane].state)


@pytest.mark.parametrize('way', WAYS)
def test_one_compilation_for_all(way):
  traces = []
  method = toy.all_methods()['source_only']

  def step(*args):
    traces.append(1)
    return method.step(*args)

  shared = programs.of(method._replace(step=step), _PAIR)
  courses = [course(shared, _PAIR, plan) for plan in _plans()]
  with parallel.on(jax.devices()[:1]):
    replicas.train(courses, shared.step, way=way, name='counted')
  assert len(traces) == 1


def test_small_networks_of_rows_are_mapped():
  shared = _programs('dann')
  assert replicas.choose('auto', shared, _PAIR) == 'vmap'
  wide = models.Classifier(models.Mlp((2**9, 2**9)), toy.CLASSES)
  large = methods.source_only(wide, toy.optimizer())
  large = programs.of(large, _PAIR)
  assert replicas.choose('auto', large, _PAIR) == 'turns'
  assert replicas.choose('vmap', large, _PAIR) == 'vmap'


def test_images_take_turns():
  augment, prepare = transforms.standard(8)
  x = np.zeros((4, 8, 8, 3), np.uint8)
  examples = _PAIR.source_train._replace(x=x, y=np.zeros(4, np.int32))
  images = _PAIR._replace(
    source_train=examples,
    target_train=examples,
    augment=augment,
    prepare=prepare,
  )
  small = models.Classifier(toy.Convolutions(), toy.CLASSES)
  small = programs.of(methods.source_only(small, toy.optimizer()), images)
  assert replicas.choose('auto', small, images) == 'turns'
