"""What `benchmarks.validators` times; the times themselves are not tested."""

import math

from benchmarks import validators
from da_jax.selection import VALIDATORS


def test_every_validator_has_something_to_tell_and_a_time():
  seen = validators.evidence(60, 4)
  assert len(seen.features_t) == 60 and len(seen.features_s) == 30
  assert all(math.isfinite(score(seen)) for score in VALIDATORS.values())
  found = validators.seconds(seen)
  assert found.keys() == VALIDATORS.keys()
  assert all(value > 0 for value in found.values())
