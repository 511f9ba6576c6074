import math

import jax
import numpy as np
import pytest

from da_jax import schedules


@pytest.mark.parametrize('step', [0, 1, 250, 999, 1000, 5000])
def test_closed_forms(step):
  p = min(step / 1000, 1)
  expected = {
    schedules.constant(0.3): 0.3,
    schedules.dann_strength(1000): 2 / (1 + math.exp(-10 * p)) - 1,
    schedules.dann_strength(1000, high=0.1): 0.2 / (1 + math.exp(-10 * p))
    - 0.1,
    schedules.tllib_strength(): math.tanh(step / 2000),
    schedules.tllib_strength(low=0.1, high=0.6): 0.1
    + 0.5 * math.tanh(step / 2000),
    schedules.paper_decay(0.01, 1000): 0.01 / (1 + 10 * p) ** 0.75,
    schedules.inverse_decay(0.01): 0.01 * (1 + 0.001 * step) ** -0.75,
    schedules.cosine_decay(0.01, 1000): 0.005 * (1 + math.cos(math.pi * p)),
    schedules.step_decay(0.01, 1000, milestones=(0.25, 0.999), gamma=0.2): 0.01
    * 0.2 ** ((step >= 250) + (step >= 999)),
  }
  for schedule, value in expected.items():
    for function in (schedule, jax.jit(schedule)):
      np.testing.assert_allclose(function(step), value, rtol=2e-5, atol=1e-8)


def test_tllib_values_as_printed_by_its_users():
  strength = schedules.tllib_strength()
  for step, value in ((100, 0.05), (1000, 0.462), (5000, 0.987)):
    assert abs(float(strength(step)) - value) < 1e-3
  rate = schedules.inverse_decay(0.01)
  for step, value in ((1000, 0.00595), (10000, 0.00166), (20000, 0.00102)):
    assert abs(float(rate(step)) - value) < 1e-5
