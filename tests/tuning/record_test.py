"""The record of a folder: written once, compared later."""

import pytest

from da_jax.errors import UserError
from da_jax.tuning import record


def test_others_are_named_and_change_nothing(tmp_path):
  path = tmp_path / 'new' / 'facts.json'
  assert record.read(path) is None
  record.keep(path, {'script': 'dann', 'flags': ('--steps=2',)})
  record.keep(path, {'script': 'dann', 'flags': ('--steps=2',)})
  said = 'flags: --steps=2 there, --steps=3 --ema=0.9 now; script: dann there'
  with pytest.raises(UserError, match=said):
    record.keep(path, {'script': 'mmd', 'flags': ['--steps=3', '--ema=0.9']})
  assert record.read(path) == {'script': 'dann', 'flags': ['--steps=2']}
