"""A run's folder: what is in it, who may continue it, when it is finished.

config.json says what runs, results.json is written last and only by a run
that reached its end: a folder with it is finished.
"""

from collections.abc import Collection, Iterator, Mapping
import contextlib
import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import subprocess
from typing import Any

import jax
import numpy as np

import da_jax
from da_jax import (
  best,
  checkpoint,
  cluster,
  distances,
  files,
  locks,
  metrics,
  profiling,
)
from da_jax.data import inputs
from da_jax.data.pair import DomainPair
from da_jax.errors import UserError

CONFIG, RESULTS, PREDICTIONS = 'config.json', 'results.json', 'predictions.npz'
SPLIT, FITTED = 'split.npz', 'fitted.npz'
# Names or patterns.
CONTENTS = (
  CONFIG,
  RESULTS,
  PREDICTIONS,
  SPLIT,
  FITTED,
  metrics.FILE,
  metrics.FILES_OF_OTHERS,
  checkpoint.FOLDER,
  best.FOLDER,
  profiling.FOLDER,
  'tensorboard',
  'report.html',
  distances.FILE,
  'source_only',
)
PACKAGES = ('jax', 'jaxlib', 'flax', 'optax', 'orbax-checkpoint', 'numpy')
# Flags that do not change what a run computes.
FREE = (
  'workdir',
  'overwrite',
  'data_dir',
  'checkpoint_every',
  'report',
  'keep_best',
  'workers',
  'profile',
  *cluster.NAMES,
)
# Changes what results are compared with, and so may change until there are any.
_COMPARED = 'baseline'


def describe(
  method: str, flags: Mapping[str, Any], pair: DomainPair, command: str
) -> dict:
  """What config.json says: everything needed to run the same again."""
  return {
    'method': method,
    'command': command,
    'flags': dict(flags),
    'protocol': pair.protocol,
    'data': pair.fingerprint,
    'class_names': list(pair.class_names),
    'images': pair.normalisation
    and inputs.image_record(pair.inputs, pair.normalisation),
    'inputs': dict(pair.inputs),
    'encoder': dict(pair.encoder) or None,
    'examples': {
      'source_train': len(pair.source_train.y),
      'source_val': len(pair.source_val.y),
      'target_train': len(pair.target_train.y),
      'target_test': len(pair.target_test.y),
    },
    'versions': {
      'da_jax': da_jax.__version__,
      'python': platform.python_version(),
    }
    | {name: importlib.metadata.version(name) for name in PACKAGES},
    'devices': [str(device.device_kind) for device in jax.devices()],
    'git_revision': _git_revision(),
  }


@contextlib.contextmanager
def locked(run: pathlib.Path, *, overwrite: bool) -> Iterator[None]:
  """Makes a folder and keeps other processes from running in it.

  Args:
    run: the folder; a finished run is read only and needs no lock.
    overwrite: throw away an earlier run that is there.

  Raises:
    UserError: it is something else's, in use or cannot be written.
  """
  foreign = run.exists() and not (run / CONFIG).exists()
  if foreign and any(path.name != locks.FILE for path in run.iterdir()):
    raise UserError(
      f'--workdir={run} exists and is not the folder of a run: choose another.'
    )
  if results_of(run) is not None and not overwrite:
    yield
    return
  with contextlib.ExitStack() as stack:
    with _writable(run):
      run.mkdir(parents=True, exist_ok=True)
      stack.enter_context(locks.held(run))
    yield


def claim(run: pathlib.Path, config: dict, *, overwrite: bool) -> dict | None:
  """Makes a folder this run's, new or to be continued.

  Args:
    run: the folder, `locked`.
    config: of `describe`; flags must equal those of an earlier claim, but for
      --baseline of an unfinished run: config.json takes the new one.
    overwrite: throw away an earlier run that is there.

  Returns:
    The results if the run is finished, else None.

  Raises:
    UserError: the folder is another configuration's or cannot be written.
  """
  path = run / CONFIG
  if overwrite:
    _clear(run)
  if path.exists() and has_something_to_lose(run):
    earlier = json.loads(path.read_text())
    free = FREE if results_of(run) else (*FREE, _COMPARED)
    differing = _differing_flags(earlier, config, free)
    if differing:
      raise UserError(
        f'{run} was made by another configuration ({", ".join(differing)}):'
        ' choose another --workdir or start anew with --overwrite.'
      )
    flags = earlier['flags']
    if flags.get(_COMPARED) != config['flags'].get(_COMPARED):
      flags[_COMPARED] = config['flags'].get(_COMPARED)
      _write(run, earlier | {'command': config['command']})
  else:
    _write(run, config)
  return results_of(run)


def _write(run: pathlib.Path, config: dict) -> None:
  with _writable(run):
    run.mkdir(parents=True, exist_ok=True)
    files.write_atomically(run / CONFIG, json.dumps(config, indent=2) + '\n')


@contextlib.contextmanager
def _writable(run: pathlib.Path) -> Iterator[None]:
  try:
    yield
  except OSError as error:
    raise UserError(
      f'--workdir={run} cannot be written: {error.strerror}.'
    ) from error


def concerted(config: dict) -> dict:
  """The part of a configuration that all processes of a run must share.

  That is what a run computes, and when it saves: metrics are read before, which
  decides the order in which processes tell each other of themselves.
  """
  flags = {
    name: value
    for name, value in config['flags'].items()
    if name == 'checkpoint_every' or name not in FREE
  }
  return {'flags': flags, 'data': config['data'], 'method': config['method']}


def keep_data(run: pathlib.Path, pair: DomainPair) -> None:
  """Writes which examples are in which part, and what was fitted to them."""
  for name, arrays in ((SPLIT, pair.split), (FITTED, pair.fitted)):
    if arrays:
      files.save_arrays(run / name, arrays)


def fitted_of(run: pathlib.Path) -> dict[str, np.ndarray]:
  """What was fitted to the examples of a run; often nothing."""
  path = run / FITTED
  if not path.exists():
    return {}
  with np.load(path) as arrays:
    return dict(arrays)


def results_of(run: pathlib.Path) -> dict | None:
  """The results of a finished run, else None."""
  path = run / RESULTS
  return json.loads(path.read_text()) if path.exists() else None


def has_something_to_lose(run: pathlib.Path) -> bool:
  """Whether a run got as far as a checkpoint."""
  steps = (run / checkpoint.FOLDER).glob('[0-9]*')
  return (run / RESULTS).exists() or any(path.name.isdigit() for path in steps)


def _differing_flags(
  earlier: dict, config: dict, free: Collection[str]
) -> list[str]:
  old, new = earlier['flags'], config['flags']
  differing = [
    f'--{name}={old.get(name)} there, {new.get(name)} now'
    for name in sorted(old.keys() | new.keys())
    if name not in free and old.get(name) != new.get(name)
  ]
  if earlier.get('data') != config['data']:
    differing.insert(0, 'other examples, labels or split there')
  if earlier['method'] != config['method']:
    differing.insert(0, f'method {earlier["method"]} there')
  return differing


def _clear(run: pathlib.Path) -> None:
  for path in [path for name in CONTENTS for path in run.glob(name)]:
    if path.is_dir():
      shutil.rmtree(path)
    else:
      path.unlink(missing_ok=True)


def _git_revision() -> str | None:
  checkout = pathlib.Path(__file__).parents[1]
  if not (checkout / '.git').exists() or shutil.which('git') is None:
    # Of images and archives whoever made them knows.
    return os.environ.get('DA_JAX_REVISION') or None
  found = subprocess.run(
    ['git', 'rev-parse', 'HEAD'],
    cwd=checkout,
    capture_output=True,
    text=True,
    check=False,
  )
  return found.stdout.strip() or None
