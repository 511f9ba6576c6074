"""What every validator keeps, whatever it computes."""

import math
import warnings

import jax.numpy as jnp
import numpy as np
import pytest

from da_jax.selection import VALIDATORS, Evidence

# What their formulas would call best is no score at all.
_MIXED = {'mixval_intra', 'mixval_inter', 'mixval'}
_REWARD_ONE_CLASS = {'entropy', 'snd', *_MIXED}
_REWARD_COLLAPSE = {'mmd', 'a_distance'}


def _given(evidence):
  return {n: a for n, a in evidence._asdict().items() if a is not None}


@pytest.fixture(params=VALIDATORS)
def name(request):
  return request.param


def test_no_label_of_the_target_is_in_the_evidence():
  assert Evidence._fields == (
    'features_s',
    'logits_s',
    'y_s',
    'features_t',
    'logits_t',
    'features_train',
    'pairs',
    'logits_mixed',
  )


def test_a_score_is_a_finite_float_and_the_same_again(name, evidence):
  first, second = VALIDATORS[name](evidence), VALIDATORS[name](evidence)
  assert type(first) is float and math.isfinite(first)
  assert first == second


def test_jax_arrays_score_as_numpy_ones(name, evidence):
  on_device = {n: jnp.asarray(a) for n, a in _given(evidence).items()}
  assert VALIDATORS[name](Evidence(**on_device)) == VALIDATORS[name](evidence)


def test_the_order_of_the_target_does_not_matter(name, evidence):
  order = np.random.default_rng(1).permutation(len(evidence.logits_t))
  shuffled = evidence._replace(
    features_t=evidence.features_t[order],
    logits_t=evidence.logits_t[order],
    pairs=np.argsort(order)[evidence.pairs],
  )
  # Folds and the starts of k-means are drawn by place.
  tolerance = {'iwcv': 0.15, 'dev': 0.15, 'a_distance': 0.15, 'class_ami': 0.1}
  assert VALIDATORS[name](shuffled) == pytest.approx(
    VALIDATORS[name](evidence), rel=1e-5, abs=tolerance.get(name, 1e-6)
  )


@pytest.mark.parametrize(
  'field', ['features_s', 'logits_s', 'logits_t', 'logits_mixed']
)
@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_numbers_that_are_not_finite_give_nan(name, field, value, evidence):
  broken = getattr(evidence, field).copy()
  broken[3, 1] = value
  assert math.isnan(VALIDATORS[name](evidence._replace(**{field: broken})))


@pytest.mark.parametrize('count', [0, 1])
def test_a_domain_of_one_example_gives_nan(name, count, evidence):
  few = evidence._replace(
    features_t=evidence.features_t[:count], logits_t=evidence.logits_t[:count]
  )
  assert math.isnan(VALIDATORS[name](few))


def test_one_predicted_class_does_not_look_good(name, evidence):
  constant = np.zeros_like(evidence.logits_t)
  constant[:, 2] = 9.0
  found = VALIDATORS[name](
    evidence._replace(logits_s=constant[[0] * 60], logits_t=constant)
  )
  if name in _REWARD_ONE_CLASS:
    assert math.isnan(found)
  elif name in {'rankme', 'mmd', 'a_distance'}:  # they look at features only
    assert found == VALIDATORS[name](evidence)
  else:
    assert found < VALIDATORS[name](evidence)


def test_features_that_coincide_do_not_look_good(name, evidence):
  found = VALIDATORS[name](
    evidence._replace(
      features_s=np.ones_like(evidence.features_s),
      features_t=np.ones_like(evidence.features_t),
    )
  )
  if name in _REWARD_COLLAPSE:
    assert math.isnan(found)
  elif name in {'reverse', 'class_ami', 'silhouette', 'rankme'}:
    assert found < VALIDATORS[name](evidence)
  else:  # all weights are 1, or no feature is read
    assert math.isfinite(found)


@pytest.mark.parametrize('value', [0.0, 1e30])
def test_extreme_features_are_no_error(name, value, evidence):
  found = VALIDATORS[name](
    evidence._replace(features_t=np.full_like(evidence.features_t, value))
  )
  assert isinstance(found, float)


def test_one_class_in_the_source_is_no_error(name, evidence):
  one = evidence._replace(y_s=np.zeros_like(evidence.y_s))
  assert math.isfinite(VALIDATORS[name](one))


def test_two_examples_a_domain_are_no_error(name, evidence):
  tiny = Evidence(*(array[:2] for array in evidence[:5]))
  with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    assert isinstance(VALIDATORS[name](tiny), float)


def test_training_features_are_no_error(name, evidence):
  more = evidence._replace(features_train=evidence.features_s + 0.1)
  assert math.isfinite(VALIDATORS[name](more))
