"""The record of a folder: written once, compared later."""

import os

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


@pytest.mark.parametrize('links', [True, False])
def test_who_writes_second_is_told(links, tmp_path, monkeypatch):
  """Both find nothing; the other is done just before this one."""
  path, link = tmp_path / 'facts.json', os.link

  def late(source, target):
    path.write_text('{"seed": 1}')
    if not links:
      raise PermissionError(1, 'Operation not permitted')
    link(source, target)

  monkeypatch.setattr(os, 'link', late)
  with pytest.raises(UserError, match='seed: 1 there, 2 now'):
    record.keep(path, {'seed': 2})
  assert record.read(path) == {'seed': 1}
  assert list(tmp_path.iterdir()) == [path]


def test_facts_are_kept_where_there_are_no_links(tmp_path, monkeypatch):
  def none(source, target):
    raise PermissionError(1, 'Operation not permitted')

  monkeypatch.setattr(os, 'link', none)
  record.keep(tmp_path / 'facts.json', {'seed': 2})
  assert record.read(tmp_path / 'facts.json') == {'seed': 2}
  assert len(list(tmp_path.iterdir())) == 1
