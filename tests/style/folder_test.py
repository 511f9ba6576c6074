"""Painting trees of images, without a network."""

import json
import os
import signal

import numpy as np
from PIL import Image
import pytest

from da_jax.errors import DivergedError, InterruptedRunError, UserError
from da_jax.style import folder
from tests.scripts import write_images

OPTIONS = {'size': 8, 'batch_size': 2, 'seed': 0}


@pytest.fixture
def trees(tmp_path):
  write_images(tmp_path, 'day', {'cup': 3, 'pen': 2}, side=8)
  write_images(tmp_path, 'night', {'any/where': 4}, side=8)
  return tmp_path / 'day', tmp_path / 'night', tmp_path / 'out'


def _style_alone(content, style):
  del content
  return np.float32(style), np.zeros(len(style), np.float32)


def _paint(trees, paint_batch=_style_alone, **changes):
  content, style, out = trees
  folder.claim(out, content, style, {'steps': 3})
  painted = folder.outputs(content, out)
  return folder.paint(paint_batch, painted, style, **OPTIONS | changes)


def _pictures(out):
  return {
    path.relative_to(out).as_posix(): np.asarray(Image.open(path)).tobytes()
    for path in sorted(out.rglob('*.png'))
  }


def test_every_image_has_a_picture_of_one_style(trees):
  assert _paint(trees) == {}
  found, styles = _pictures(trees[2]), _pictures(trees[1])
  assert found.keys() == _pictures(trees[0]).keys()
  assert set(found.values()) <= set(styles.values())
  assert len(set(found.values())) > 1


def test_content_goes_with_its_own_name(trees):
  shown = lambda content, style: (content, np.zeros(len(content)))
  _paint(trees, shown)
  assert _pictures(trees[2]) == _pictures(trees[0])


def test_styles_are_a_function_of_seed_and_index(trees):
  content, style, out = trees
  _paint(trees)
  _paint((content, style, out.with_name('again')), batch_size=3)
  _paint((content, style, out.with_name('other')), seed=1)
  found, again, other = (
    _pictures(out.with_name(name)) for name in ('out', 'again', 'other')
  )
  assert found == again
  assert found != other


def test_goes_on_where_it_was_stopped(trees):
  whole = trees[2].with_name('whole')
  _paint((*trees[:2], whole))

  def interrupted(content, style):
    os.kill(os.getpid(), signal.SIGINT)
    return _style_alone(content, style)

  with pytest.raises(InterruptedRunError, match='step 2'):
    _paint(trees, interrupted)
  first = _pictures(trees[2])
  assert list(first) == ['cup/0.png', 'cup/1.png']
  painted = []

  def counted(content, style):
    painted.append(len(content))
    return _style_alone(content, style)

  _paint(trees, counted)
  assert sum(painted) == 4  # three pictures in batches of two
  assert _pictures(trees[2]) == _pictures(whole)
  _paint(trees, counted)
  assert sum(painted) == 4


def test_unreadable_files_are_listed_and_the_rest_is_painted(trees):
  content, style, out = trees
  (content / 'cup' / '1.png').write_bytes(b'words')
  for number in range(3):
    (style / 'any' / 'where' / f'{number}.png').write_bytes(b'words')
  broken = _paint(trees)
  assert 'cup/1.png cannot be read' in broken[content / 'cup' / '1.png']
  assert set(broken) > {content / 'cup' / '1.png'}
  assert {path.parent.name for path in broken} == {'cup', 'where'}
  left = (style / 'any' / 'where' / '3.png').read_bytes()
  found = _pictures(out)
  assert list(found) == ['cup/0.png', 'cup/2.png', 'pen/0.png', 'pen/1.png']
  (out.parent / 'left.png').write_bytes(left)
  expected = np.asarray(Image.open(out.parent / 'left.png')).tobytes()
  assert set(found.values()) == {expected}


def test_nothing_readable_is_an_error(trees):
  for path in trees[0].rglob('*.png'):
    path.write_bytes(b'words')
  with pytest.raises(UserError, match=r'no image can be read: .*cup/0\.png'):
    _paint(trees)


def test_no_readable_style_is_an_error(trees):
  for path in trees[1].rglob('*.png'):
    path.write_bytes(b'words')
  with pytest.raises(UserError, match=r'no style can be read: .*0\.png'):
    _paint(trees)


def test_divergence_writes_nothing(trees):
  diverged = lambda content, style: (style, np.full(len(style), np.nan))
  with pytest.raises(DivergedError, match=r'cup/0\.png'):
    _paint(trees, diverged)
  assert not _pictures(trees[2])


def test_other_settings_do_not_go_on(trees):
  content, style, out = trees
  _paint(trees)
  assert json.loads((out / 'painted.json').read_text()) == {'steps': 3}
  with pytest.raises(UserError, match='out was painted with steps 3, not 4'):
    folder.claim(out, content, style, {'steps': 4})


def test_folders_that_are_not_its_own_are_left_alone(trees):
  content, style, out = trees
  out.mkdir()
  (out / 'a.txt').write_text('mine')
  with pytest.raises(UserError, match='out exists and was not painted'):
    folder.claim(out, content, style, {})
  for inside in (content, style / 'painted'):
    with pytest.raises(UserError, match='is inside of'):
      folder.claim(inside, content, style, {})


def test_wrong_folders_are_named(trees):
  content, style, out = trees
  with pytest.raises(UserError, match=r'no folder .*away\.'):
    folder.outputs(content / 'away', out)
  with pytest.raises(UserError, match=r'no folder .*away\.'):
    folder.paint(_style_alone, {}, style / 'away', **OPTIONS)
  with pytest.raises(UserError, match='cup has no class folders'):
    folder.outputs(content / 'cup', out)
  Image.new('RGB', (8, 8)).save(content / 'cup' / '1.jpg')
  with pytest.raises(UserError, match=r'1\.jpg and 1\.png would both become'):
    folder.outputs(content, out)
