"""Keys of content."""

import os

import pytest

from da_jax.data.files import content
from da_jax.errors import UserError

OLD = 1_600_000_000 * 10**9  # ns


@pytest.fixture
def paths(tmp_path):
  """Two files of six bytes, long settled."""
  made = []
  for name in ('a/1.png', 'b/1.png'):
    path = tmp_path / 'tree' / name
    path.parent.mkdir(parents=True)
    path.write_bytes(f'{name[0]} text'.encode())
    os.utime(path, ns=(OLD, OLD))
    made.append(path)
  return made


@pytest.fixture
def read(monkeypatch):
  """The names of the files that are read."""
  names, original = [], content._digest

  def digest(path):
    names.append(path.parent.name + '/' + path.name)
    return original(path)

  monkeypatch.setattr(content, '_digest', digest)
  return names


def _root(paths):
  return paths[0].parents[1]


def _key(paths):
  return content.key(paths, _root(paths))


def test_the_same_content_elsewhere_has_the_same_key(paths, tmp_path):
  before = _key(paths)
  moved = _root(paths).rename(tmp_path / 'moved')
  others = [moved / path.relative_to(_root(paths)) for path in paths]
  assert content.key(others, moved) == before
  assert len(before) == 32 and int(before, 16)


def test_what_was_read_before_is_not_read_again(paths, read):
  first = _key(paths)
  assert sorted(read) == ['a/1.png', 'b/1.png']
  assert _key(paths) == first and len(read) == 2


def test_a_touched_file_is_read_and_keeps_its_key(paths, read):
  first = _key(paths)
  os.utime(paths[1], ns=(OLD, OLD + 1))
  read.clear()
  assert _key(paths) == first and read == ['b/1.png']


def test_a_changed_byte_changes_the_key(paths):
  first = _key(paths)
  paths[1].write_bytes(b'b texT')
  assert _key(paths) != first
  paths[1].write_bytes(b'b text')
  assert _key(paths) == first


def test_a_change_within_one_tick_of_the_clock_is_seen(paths):
  """A file as young as this may change and keep its time of change."""
  paths[0].write_bytes(b'a new1')
  stamp = paths[0].stat().st_mtime_ns
  first = _key(paths)
  paths[0].write_bytes(b'a new2')
  os.utime(paths[0], ns=(stamp, stamp))
  assert _key(paths) != first


def test_names_and_order_count(paths):
  first = _key(paths)
  assert _key(paths[::-1]) != first
  assert _key(paths[:1]) != first
  paths[1] = paths[1].rename(paths[1].with_name('2.png'))
  assert _key(paths) != first


@pytest.mark.parametrize('damage', ['{"a/1.png": [6', '[]', '{"a/1.png": 3}'])
def test_a_damaged_index_is_made_anew(paths, cache, read, damage):
  first = _key(paths)
  (index,) = (cache / 'content').iterdir()
  index.write_text(damage)
  assert _key(paths) == first and len(read) == 4
  assert _key(paths) == first and len(read) == 4


def test_a_cache_that_cannot_be_written_is_done_without(paths, cache):
  cache.write_text('a file where a folder should be')
  assert _key(paths) == _key(paths)


def test_a_missing_file_is_named(paths):
  paths[1].unlink()
  with pytest.raises(UserError, match=r'b/1\.png cannot be read \(No such'):
    _key(paths)
