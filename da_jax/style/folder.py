"""Painting a folder of classes in the style of the pictures of another one."""

from collections.abc import Iterator, Mapping
import itertools
import json
import pathlib
from typing import Any

import jax
import numpy as np

from da_jax import signals
from da_jax.data.files import images, trees
from da_jax.errors import DivergedError, InterruptedRunError, UserError
from da_jax.files import write_atomically
from da_jax.progress import Bar
from da_jax.style import pictures
from da_jax.style.adain import PaintFn

_RECORD = 'painted.json'  # beside the class folders, which alone are read


def outputs(
  content: pathlib.Path, out: pathlib.Path
) -> dict[pathlib.Path, pathlib.Path]:
  """Where the images of `content/<class>/*` are painted, in their order.

  Raises:
    UserError: there are none, or two have one name but for its ending.
  """
  _check_folder(content)
  found, by_output = {}, {}
  for path in itertools.chain(*trees.scan(content).values()):
    painted = out / path.relative_to(content).with_suffix('.png')
    if other := by_output.get(painted):
      raise UserError(
        f'{other} and {path.name} would both become {painted}: rename one.'
      )
    found[path], by_output[painted] = painted, path
  return found


def claim(
  out: pathlib.Path,
  content: pathlib.Path,
  style: pathlib.Path,
  settings: Mapping[str, Any],
) -> None:
  """Makes the folder, or finds that the same settings have begun it.

  Args:
    out: where to paint.
    content: folder of what is shown.
    style: folder of the styles.
    settings: all that the pictures depend on, as JSON has it.

  Raises:
    UserError: it has other pictures, or is inside of one of the folders.
  """
  for folder in (content, style):
    if out.resolve().is_relative_to(folder.resolve()):
      raise UserError(f'--out={out} is inside of {folder}: choose another.')
  record = out / _RECORD
  if record.is_file():
    before = json.loads(record.read_text(encoding='utf-8'))
    for name, value in settings.items():
      if before.get(name) != value:
        raise UserError(
          f'{out} was painted with {name} {before.get(name)}, not {value}:'
          ' choose another --out or remove it.'
        )
    return
  if out.exists() and (not out.is_dir() or any(out.iterdir())):
    raise UserError(f'{out} exists and was not painted: choose another --out.')
  out.mkdir(parents=True, exist_ok=True)
  write_atomically(record, json.dumps(dict(settings), indent=2))


def paint(
  paint_batch: PaintFn,
  painted: Mapping[pathlib.Path, pathlib.Path],
  style: pathlib.Path,
  *,
  size: int,
  batch_size: int,
  seed: int,
) -> dict[pathlib.Path, str]:
  """Paints what is not yet painted, and shows progress.

  Image i has the style of one that (seed, i) draws from all in `style`; if
  that is broken, of the next one drawn.

  Args:
    paint_batch: from `adain.painter`.
    painted: from `outputs`.
    style: folder of images at any depth.
    size: side of the pictures, resized as for training.
    batch_size: pictures painted at once.
    seed: of the draws.

  Returns:
    What to say of each file that cannot be read.

  Raises:
    UserError: no image of one of the folders can be read.
    DivergedError: a loss is not finite.
    InterruptedRunError: a signal came; the same call goes on.
  """
  _check_folder(style)
  styles, broken = trees.below(style), {}
  todo = [
    (i, *item) for i, item in enumerate(painted.items()) if not item[1].exists()
  ]
  done = len(painted) - len(todo)
  bar = Bar('paint', done, len(painted))
  bar.start()
  try:
    with signals.deferred() as received:
      readable = _read(todo, styles, size, seed, broken)
      while batch := list(itertools.islice(readable, batch_size)):
        done += len(batch)
        bar.step(done, _paint_batch(paint_batch, batch, batch_size))
        if number := received():
          raise InterruptedRunError(number, done)
  finally:
    bar.stop()
  if not done:
    raise UserError(f'no image can be read: {next(iter(broken.values()))}')
  return broken


def _read(todo, styles, size, seed, broken) -> Iterator[tuple]:
  """Yields (path to write, content, style) of what can be read."""

  def attempt(path):
    if path in broken:
      return None
    try:
      return images.decode(path, str(path), size)
    except UserError as error:
      broken[path] = str(error)
      return None

  for index, path, output in todo:
    content = attempt(path)
    if content is None:
      continue
    drawn = np.random.default_rng((seed, index)).permutation(len(styles))
    found = (attempt(styles[i]) for i in drawn)
    style = next((image for image in found if image is not None), None)
    if style is None:
      raise UserError(f'no style can be read: {broken[styles[0]]}')
    yield output, content, style


def _paint_batch(paint_batch: PaintFn, batch, batch_size: int) -> float:
  """Paints and writes; gives the mean loss."""
  paths, *parts = zip(*batch, strict=True)
  # Filled up, as another shape would be compiled anew.
  rows = np.arange(batch_size) % len(paths)
  pixels, losses = jax.device_get(
    paint_batch(*(np.stack(part)[rows] for part in parts))
  )
  losses = losses[: len(paths)]
  if not np.all(np.isfinite(losses)):
    raise DivergedError(f'The loss of {paths[0]} or the next is not finite.')
  for path, picture in zip(paths, pixels, strict=False):
    path.parent.mkdir(exist_ok=True)
    pictures.write(path, picture)
  return float(losses.mean())


def _check_folder(path: pathlib.Path) -> None:
  if not path.is_dir():
    raise UserError(f'there is no folder {path}.')
