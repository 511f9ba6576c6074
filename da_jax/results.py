"""What a run found: results.json and predictions."""

from collections.abc import Mapping, Sequence
import json
import pathlib
from typing import Any

import numpy as np

from da_jax import (
  assess,
  best,
  changes,
  evaluate,
  files,
  hosts,
  observation,
  runs,
  scores,
)
from da_jax.course import Outcome
from da_jax.data.pair import DomainPair

# Rows of each domain kept for the pictures of the report.
SHOWN, SHOWN_IMAGES = 500, 32


def finish(
  run: pathlib.Path,
  config: dict,
  pair: DomainPair,
  outcome: Outcome,
  *,
  selected_by: str,
  baseline: dict | None,
  notes: Sequence[str] = (),
) -> dict:
  """Writes predictions and results of the last step's state.

  Args:
    run: the folder.
    config: of `runs.describe`.
    pair: the data.
    outcome: of training.
    selected_by: what chose `outcome.selected`, in words.
    baseline: of `baselines`, to compare with: also example by example, where
      that run's predictions are found.
    notes: on what was done, for readers of the report.

  Returns:
    The results, accuracies as shares in [0, 1].
  """
  source, target = (
    outcome.predict(outcome.state, part.x)
    for part in (pair.source_val, pair.target_test)
  )
  counts = evaluate.confusion(target.logits, pair.target_test.y)
  told = changes.outcomes(target.logits, pair.target_test.y)
  found = changes.compare(_earlier(run, baseline), told)
  results = {
    **_named(config, pair),
    **_recorded(outcome.record),
    'selected_by': selected_by,
    'source_accuracy': evaluate.share_right(source.logits, pair.source_val.y),
    'scores': {
      'source': scores.summary(source.logits, pair.source_val.y),
      'target': scores.summary(target.logits, pair.target_test.y),
    },
    **_by_class(pair.class_names, counts),
    'baseline': baseline,
    'changes': found and changes.told(found),
    'notes': list(notes),
  }
  if hosts.is_first():
    pictures = changes.pictures(found, pair.target_test.x) if found else {}
    whole = {
      'confusion': counts,
      'source_confusion': evaluate.confusion(source.logits, pair.source_val.y),
      **told,
      **pictures,
    }
    _save_predictions(run / runs.PREDICTIONS, pair, source, target, whole)
    best.prune(run, [one['step'] for one in results['validators'].values()])
    write(run, results)
  return results


def write(run: pathlib.Path, results: Mapping[str, Any]) -> None:
  """Writes results.json, after which a folder is finished.

  Raises:
    UserError: it cannot be written.
  """
  with files.writing(run):
    text = json.dumps(results, indent=2) + '\n'
    files.write_atomically(run / runs.RESULTS, text)


def _named(config: dict, pair: DomainPair) -> dict[str, Any]:
  """What was run on what."""
  return {
    'method': config['method'],
    'dataset': pair.dataset,
    'source': pair.source,
    'target': pair.target,
    'protocol': pair.protocol,
    'seed': config['flags']['seed'],
  }


def _recorded(record: Mapping[str, Any]) -> dict[str, Any]:
  """What training found and what it cost."""
  return {
    'steps': record['last']['step'],
    'seconds': round(record['seconds'], 2),
    'input_wait': round(record['waited'] / record['stepped'], 4),
    **observation.summary(record),
    'target_accuracy': {
      which: record[which]['target_accuracy']
      for which in ('last', 'selected', 'oracle')
    },
    'selected_step': record['selected']['step'],
    'oracle_step': record['oracle']['step'],
    'evaluations': len(record['evaluations']),
    'validators': assess.choices(record['evaluations']),
  }


def _by_class(names: Sequence[str], counts: np.ndarray) -> dict[str, Any]:
  """The classes and their accuracies, None without examples."""
  with np.errstate(invalid='ignore'):
    shares = np.diag(counts) / counts.sum(axis=1)
  return {
    'class_names': list(names),
    'per_class': {
      name: None if np.isnan(share) else float(share)
      for name, share in zip(names, shares, strict=True)
    },
  }


def _earlier(run: pathlib.Path, baseline: dict | None) -> changes.Arrays:
  """What became of the test examples in the run that is compared with."""
  if not baseline or not baseline['run']:
    return {}
  return changes.read(run / baseline['run'] / runs.PREDICTIONS)


def _save_predictions(path, pair, source, target, whole) -> None:
  """Writes some rows of either domain, and `whole`: what is of all."""
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
  files.save_arrays(path, rows | whole)
