"""Decoded images on disk: every set is decoded once, then mapped into memory.

`<cache>/decoded/<key>-<size>.npy` holds all images in order and the `.json`
beside it their shape, a digest of the pixels and what is wrong with which file.
The key is of the content of the files, the size and the decoder, so that what
has changed is decoded anew. Nothing is ever removed: old files may be.

Shapes and lengths are checked whenever a file is opened, the digest as soon as
the file is not as it was left (its time of change): every byte is then read.
"""

from collections.abc import Mapping
import errno
import hashlib
import json
import os
import pathlib
import shutil
import time
from typing import NamedTuple

from absl import logging
import numpy as np

from da_jax.data.files import images
from da_jax.data.files.images import ImageFiles
from da_jax.files import cache_folder, replacing, write_atomically

DISK_LIMIT = 32 * 2**30  # bytes of decoded images; larger sets are streamed
MEMORY_LIMIT = 4 * 2**30  # the same where there is no cache
_DECODER = 1  # to be raised when `images` decodes to other pixels
_ABANDONED = 3600  # seconds without a write


class Decoded(NamedTuple):
  """Images of all files, and what is wrong with some."""

  # Mapped or in memory, black where a file is broken, or still files.
  x: np.ndarray | ImageFiles
  broken: dict[int, str]  # row -> reason


def decoded(files: ImageFiles) -> Decoded:
  """Decodes all files, or finds them decoded.

  Sets of more than `DISK_LIMIT` are decoded once to see whether they can be,
  and stay files.

  Args:
    files: what to decode; without `key` nothing is kept on disk.

  Returns:
    The images: a read-only `np.memmap`, an array where there is no cache, or
    the files themselves where they are too many.
  """
  if files.key is None:
    return _without_cache(files)
  path = cache_folder() / 'decoded' / f'{_key(files)}-{files.size}.npy'
  found = _find(path, files)
  if found:
    return found
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    return _write(path, files)
  except OSError as error:
    logging.warning(
      'no room for decoded images in %s (%s): free some space or name another'
      ' folder by $DA_JAX_CACHE',
      path.parent,
      error.strerror,
    )
    return _without_cache(files)


def _key(files: ImageFiles) -> str:
  import PIL

  decoder = f'{files.key} {files.size} {_DECODER} {PIL.__version__} '
  key = hashlib.blake2b(decoder.encode(), digest_size=16)
  key.update(files.indices.astype(np.int64).tobytes())
  return key.hexdigest()


def _shape(files: ImageFiles) -> tuple[int, ...]:
  return (len(files), files.size, files.size, 3)


def _bytes(files: ImageFiles) -> int:
  return int(np.prod(_shape(files), dtype=np.int64))


def _without_cache(files: ImageFiles) -> Decoded:
  if _bytes(files) <= MEMORY_LIMIT:
    return Decoded(*images.decode_all(files))
  logging.info('%d images stay files: too many for memory', len(files))
  return Decoded(files, _verified(files))


def _verified(files: ImageFiles) -> dict[int, str]:
  results = enumerate(images.each(files))
  return {row: result for row, result in results if isinstance(result, str)}


def _find(path: pathlib.Path, files: ImageFiles) -> Decoded | None:
  """What was written, None if nothing was or it is damaged."""
  sidecar = path.with_suffix('.json')
  if not sidecar.exists():
    return None
  try:
    notes = json.loads(sidecar.read_text())
    broken = {int(row): reason for row, reason in notes['broken'].items()}
    if tuple(notes['shape']) != _shape(files):
      raise ValueError(f'its notes are of shape {notes["shape"]}')
    if _bytes(files) > DISK_LIMIT:
      return Decoded(files, broken)
    return Decoded(_opened(path, notes), broken)
  except (OSError, EOFError, ValueError, LookupError, TypeError) as error:
    logging.warning('%s is damaged, decoding again: %s', path, error)
    return None


def _opened(path: pathlib.Path, notes: dict) -> np.memmap:
  x = np.load(path, mmap_mode='r', allow_pickle=False)
  if (list(x.shape), x.dtype) != (notes['shape'], np.uint8):
    raise ValueError(f'it is {x.dtype} {x.shape}')
  changed = path.stat().st_mtime_ns
  if changed != notes['changed']:
    digest = _digest()
    for row in x:
      digest.update(row)
    if digest.hexdigest() != notes['pixels']:
      raise ValueError('its pixels are not those that were written')
    _note(path, {**notes, 'changed': changed})
  return x


def _write(path: pathlib.Path, files: ImageFiles) -> Decoded:
  """Decodes to disk, or only verifies what is too large for it."""
  notes = {'shape': _shape(files)}
  if _bytes(files) > DISK_LIMIT:
    notes['broken'] = _verified(files)
    _note(path, notes)
    return Decoded(files, notes['broken'])
  # Lest the disk is full for everyone while we find out.
  if shutil.disk_usage(path.parent).free < _bytes(files):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
  with replacing(path) as temporary:
    notes |= _write_pixels(temporary, files)
  notes['changed'] = path.stat().st_mtime_ns
  _note(path, notes)
  x = np.load(path, mmap_mode='r', allow_pickle=False)
  return Decoded(x, notes['broken'])


def _write_pixels(path: pathlib.Path, files: ImageFiles) -> dict:
  header = {'descr': '|u1', 'fortran_order': False, 'shape': _shape(files)}
  digest, broken = _digest(), {}
  black = np.zeros(_shape(files)[1:], np.uint8)
  with path.open('wb') as file:
    np.lib.format.write_array_header_1_0(file, header)
    for row, pixels in enumerate(images.each(files)):
      if isinstance(pixels, str):
        broken[row], pixels = pixels, black
      # Not through a mapping, which would die of a full disk.
      file.write(pixels)
      digest.update(pixels)
  return {'pixels': digest.hexdigest(), 'broken': broken}


def _digest():
  return hashlib.blake2b(digest_size=16)


def _note(path: pathlib.Path, notes: Mapping) -> None:
  write_atomically(path.with_suffix('.json'), json.dumps(notes))


def _remove_abandoned(path: pathlib.Path) -> None:
  """Removes what killed processes left of this very file."""
  for left in path.parent.glob(f'.{path.name}.*.tmp'):
    if left.stat().st_mtime < time.time() - _ABANDONED:
      left.unlink(missing_ok=True)
