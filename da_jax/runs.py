"""A run's folder: what is in it, who may continue it, when it is finished.

config.json says what runs, results.json is written last and only by a run
that reached its end: a folder with it is finished.
"""

from collections.abc import Mapping
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
from da_jax import checkpoint, evaluate, files, metrics
from da_jax.data.pair import DomainPair
from da_jax.errors import UserError
from da_jax.train import Outcome

CONFIG, RESULTS, PREDICTIONS = 'config.json', 'results.json', 'predictions.npz'
SPLIT, FITTED = 'split.npz', 'fitted.npz'
CONTENTS = (
  CONFIG,
  RESULTS,
  PREDICTIONS,
  SPLIT,
  FITTED,
  metrics.FILE,
  checkpoint.FOLDER,
  'tensorboard',
  'report.html',
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
  'workers',
)
# Rows of each domain kept for the pictures of the report.
SHOWN, SHOWN_IMAGES = 500, 32


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


def claim(run: pathlib.Path, config: dict, *, overwrite: bool) -> dict | None:
  """Makes a folder this run's, new or to be continued.

  Args:
    run: the folder.
    config: of `describe`; flags must equal those of an earlier claim.
    overwrite: throw away an earlier run that is there.

  Returns:
    The results if the run is finished, else None.

  Raises:
    UserError: the folder is something else's, another configuration's, or
      cannot be written.
  """
  path = run / CONFIG
  if run.exists() and not path.exists() and any(run.iterdir()):
    raise UserError(
      f'--workdir={run} exists and is not the folder of a run: choose another.'
    )
  if overwrite:
    _clear(run)
  if path.exists() and _has_something_to_lose(run):
    earlier = json.loads(path.read_text())
    differing = _differing_flags(earlier, config)
    if differing:
      raise UserError(
        f'{run} was made by another configuration ({", ".join(differing)}):'
        ' choose another --workdir or start anew with --overwrite.'
      )
  else:
    try:
      run.mkdir(parents=True, exist_ok=True)
      files.write_atomically(path, json.dumps(config, indent=2) + '\n')
    except OSError as error:
      raise UserError(
        f'--workdir={run} cannot be written: {error.strerror}.'
      ) from error
  return results_of(run)


def keep_data(run: pathlib.Path, pair: DomainPair) -> None:
  """Writes which examples are in which part, and what was fitted to them."""
  for name, arrays in ((SPLIT, pair.split), (FITTED, pair.fitted)):
    if arrays:
      _save(run / name, arrays)


def results_of(run: pathlib.Path) -> dict | None:
  """The results of a finished run, else None."""
  path = run / RESULTS
  return json.loads(path.read_text()) if path.exists() else None


def baseline_of(run: pathlib.Path, other: pathlib.Path, config: dict) -> dict:
  """What the results of `run` say of the run they are compared with.

  Raises:
    UserError: the other run is unfinished or of another task, length or seed.
  """
  results = results_of(other)
  if results is None:
    raise UserError(f'--baseline={other} is not the folder of a finished run.')
  earlier = json.loads((other / CONFIG).read_text())
  names = ('dataset', 'source', 'target', 'seed', 'steps')
  for name in names:
    there, here = earlier['flags'][name], config['flags'][name]
    if there != here:
      raise UserError(
        f'--baseline={other} was run with --{name}={there}, this run has'
        f' {here}: the two cannot be compared.'
      )
  return {
    'method': results['method'],
    'run': os.path.relpath(other, run),
    'target_accuracy': results['target_accuracy'],
  }


def start_as_baseline(outcome: Outcome) -> dict:
  """The model before its first step, as a baseline."""
  accuracy = outcome.record['first']['target_accuracy']
  return {
    'method': 'before fine-tuning',
    'run': None,
    'target_accuracy': dict.fromkeys(('last', 'selected', 'oracle'), accuracy),
  }


def finish(
  run: pathlib.Path,
  config: dict,
  pair: DomainPair,
  outcome: Outcome,
  *,
  selected_by: str,
  baseline: dict | None,
) -> dict:
  """Writes predictions and results of the last step's state.

  Args:
    run: the folder.
    config: of `describe`.
    pair: the data.
    outcome: of training.
    selected_by: what chose `outcome.selected`, in words.
    baseline: {'method', 'run', 'target_accuracy'} to compare with.

  Returns:
    The results, accuracies as shares in [0, 1].
  """
  source, target = (
    outcome.predict(outcome.state, part.x)
    for part in (pair.source_val, pair.target_test)
  )
  counts = evaluate.confusion(target.logits, pair.target_test.y)
  with np.errstate(invalid='ignore'):
    per_class = np.diag(counts) / counts.sum(axis=1)
  _save_predictions(run / PREDICTIONS, pair, source, target, counts)
  record = outcome.record
  source_hits = np.argmax(source.logits, axis=1) == pair.source_val.y
  results = {
    'method': config['method'],
    'dataset': pair.dataset,
    'source': pair.source,
    'target': pair.target,
    'protocol': pair.protocol,
    'seed': config['flags']['seed'],
    'steps': config['flags']['steps'],
    'seconds': round(record['seconds'], 2),
    'input_wait': round(record['waited'] / record['stepped'], 4),
    'target_accuracy': {
      which: record[which]['target_accuracy']
      for which in ('last', 'selected', 'oracle')
    },
    'selected_by': selected_by,
    'selected_step': record['selected']['step'],
    'oracle_step': record['oracle']['step'],
    'source_accuracy': float(np.mean(source_hits)),
    'class_names': list(pair.class_names),
    'per_class': {
      name: None if np.isnan(value) else float(value)
      for name, value in zip(pair.class_names, per_class, strict=True)
    },
    'baseline': baseline,
  }
  files.write_atomically(run / RESULTS, json.dumps(results, indent=2) + '\n')
  return results


def _save_predictions(path, pair, source, target, counts) -> None:
  rows = {}
  for domain, prediction, examples in (
    ('source', source, pair.source_val),
    ('target', target, pair.target_test),
  ):
    # Examples lie in the order of their classes: the first ones are of few.
    order = np.random.default_rng(0).permutation(len(examples.y))[:SHOWN]
    rows[f'{domain}_features'] = prediction.features[order]
    rows[f'{domain}_logits'] = prediction.logits[order]
    rows[f'{domain}_labels'] = examples.y[order]
  images = pair.target_test.x[order[:SHOWN_IMAGES]]
  if images.ndim == 4:
    rows['target_images'] = images
  _save(path, {'confusion': counts, **rows})


def _save(path: pathlib.Path, arrays: Mapping[str, np.ndarray]) -> None:
  with files.replacing(path) as temporary, temporary.open('wb') as file:
    np.savez_compressed(file, **arrays)


def _has_something_to_lose(run: pathlib.Path) -> bool:
  """Whether a run got as far as a checkpoint."""
  steps = (run / checkpoint.FOLDER).glob('[0-9]*')
  return (run / RESULTS).exists() or any(path.name.isdigit() for path in steps)


def _differing_flags(earlier: dict, config: dict) -> list[str]:
  old, new = earlier['flags'], config['flags']
  differing = [
    f'--{name}={old.get(name)} there, {new.get(name)} now'
    for name in sorted(old.keys() | new.keys())
    if name not in FREE and old.get(name) != new.get(name)
  ]
  if earlier.get('data') != config['data']:
    differing.insert(0, 'other examples, labels or split there')
  if earlier['method'] != config['method']:
    differing.insert(0, f'method {earlier["method"]} there')
  return differing


def _clear(run: pathlib.Path) -> None:
  for name in CONTENTS:
    path = run / name
    if path.is_dir():
      shutil.rmtree(path)
    else:
      path.unlink(missing_ok=True)


def _git_revision() -> str | None:
  checkout = pathlib.Path(__file__).parents[1]
  if not (checkout / '.git').exists() or shutil.which('git') is None:
    return None
  found = subprocess.run(
    ['git', 'rev-parse', 'HEAD'],
    cwd=checkout,
    capture_output=True,
    text=True,
    check=False,
  )
  return found.stdout.strip() or None
