"""Features of a frozen backbone, computed once and then adapted on.

`<cache>/features/<key>/<first>.npz` hold those of 1024 examples each. The key
is of the program that computes them (backbone, preparation, dtype and whatever
a new version of this package or of jax changes), the weights and the examples.
Every file has a checksum: a damaged one is computed again, and one that is
missing, as after an interruption, is what remains to do.
"""

from collections.abc import Callable, Mapping
import functools
import hashlib
import pathlib
from typing import Any
import zipfile
import zlib

from absl import logging
import jax
import numpy as np

from da_jax import checkpoint, evaluate, parallel, types
from da_jax.data import inputs, transforms
from da_jax.data.normalisation import Normalisation
from da_jax.data.pair import Domain, Task, content
from da_jax.errors import UserError
from da_jax.files import cache_folder, replacing
from da_jax.models import from_settings
from da_jax.weights import trained

_CHUNK = 1024  # examples a file
_SECONDS_BEFORE_PROGRESS = 2.0
_DAMAGED = (zipfile.BadZipFile, zlib.error)

EncodeFn = Callable[[types.PyTree, jax.Array], jax.Array]


def encoded(
  task: Task,
  path: pathlib.Path,
  settings: Mapping[str, Any],
  normalisation: Normalisation | None = None,
) -> Task:
  """Puts the features of a backbone in the place of the images.

  Features are computed in evaluation mode, of images as evaluation sees them.

  Args:
    task: of images.
    path: the backbone's weights: a file, or the folder of a run.
    settings: 'backbone' and 'dtype', as of `from_settings.backbone`.
    normalisation: of the images; None: the task's own.

  Returns:
    The task with x float32 [n, d]; `inputs` and `normalisation` go on saying
    what the images are, and `encoder` whose features x are.

  Raises:
    UserError: the task is not one of images, the run has several processes, or
      the weights cannot be read or are of another network.
  """
  if task.normalisation is None:
    raise UserError(
      f'--cache_features takes images, which the data of {task.dataset} are'
      ' not.'
    )
  if jax.process_count() > 1:
    raise UserError(
      '--cache_features is for one process, which the features of a frozen'
      ' backbone are made for: leave it out or run on one.'
    )
  normalisation = normalisation or task.normalisation
  backbone = from_settings.backbone(settings)
  prepare = inputs.preparation(task.inputs, normalisation)
  images = inputs.image_record(task.inputs, normalisation)
  variables = trained.backbone_of(path, settings, images)

  def encode(variables, x):
    return backbone.apply(variables, prepare(x), train=False)

  digest = checkpoint.digest(variables)
  of_domain = functools.partial(_features, encode, variables, digest)
  return task._replace(
    source=of_domain(task.source),
    target=of_domain(task.target),
    transform=transforms.features,
    normalisation=normalisation,
    encoder={'weights': str(path.resolve()), 'digest': digest},
  )


def _features(
  encode: EncodeFn, variables: types.PyTree, digest: str, domain: Domain
) -> Domain:
  x, origin = domain.examples.x, content(domain)
  first = x[:1]
  batch = (evaluate.BATCH_SIZE, *first.shape[1:])
  program = jax.jit(encode).lower(
    variables, jax.ShapeDtypeStruct(batch, first.dtype)
  )
  key = hashlib.blake2b(digest_size=16)
  names = '\n'.join(domain.names)
  for part in (program.as_text(), digest, origin, names):
    key.update(hashlib.sha256(part.encode()).digest())
  compute = functools.partial(
    evaluate.compile_predict(encode, lambda x: x),
    parallel.replicate(variables),
  )
  z = _computed(cache_folder() / 'features' / key.hexdigest(), compute, x)
  examples = domain.examples._replace(x=z)
  return domain._replace(examples=examples, origin=origin)


def _computed(folder: pathlib.Path, compute, x) -> np.ndarray:
  """Computes the chunks that are not there; float32 [n, d]."""
  import tqdm

  chunks = []
  with tqdm.tqdm(
    desc='features',
    total=len(x),
    delay=_SECONDS_BEFORE_PROGRESS,
    disable=None,
    leave=False,
  ) as bar:
    for first in range(0, len(x), _CHUNK):
      count = min(_CHUNK, len(x) - first)
      path = folder / f'{first}.npz'
      z = _read(path)
      if z is None:
        z = compute(x[np.arange(first, first + count)])
        _write(path, z)
      chunks.append(z)
      bar.update(count)
  return np.concatenate(chunks)


def _read(path: pathlib.Path) -> np.ndarray | None:
  if not path.exists():
    return None
  try:
    with np.load(path, allow_pickle=False) as file:
      return file['z']
  except (OSError, EOFError, ValueError, KeyError, *_DAMAGED) as error:
    logging.warning('%s is damaged, computing it again: %s', path, error)
    return None


def _write(path: pathlib.Path, z: np.ndarray) -> None:
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open('wb') as file:
      np.savez(file, z=z)
  except OSError as error:
    logging.warning(
      'no room for features in %s (%s): free some space or name another folder'
      ' by $DA_JAX_CACHE',
      path.parent,
      error.strerror,
    )
