"""Which examples adaptation repairs and which it breaks.

Two models are compared example by example, as McNemar's test does; the test
labels used here choose nothing.
"""

from collections.abc import Mapping
import pathlib
from typing import Any, NamedTuple
import zipfile

import numpy as np
from scipy import special

from da_jax.selection import statistics

LIMIT = 12  # examples of a kind whose images are kept
_LABELS, _GUESSES, _TRUTH = 'test_labels', 'test_guesses', 'test_truth'
_ROWS, _IMAGES = 'changed_rows', 'changed_images'

Arrays = Mapping[str, np.ndarray]


class Outcome(NamedTuple):
  """What a model makes of one example."""

  label: int
  guess: int
  truth: float  # probability of the true class


class Changes(NamedTuple):
  """Rows of the target test set that two models judge differently.

  By change of the probability of the true class, the greatest first.
  """

  repaired: np.ndarray  # int [r], wrong before and right after
  broken: np.ndarray  # int [b], right before and wrong after
  both_right: int
  both_wrong: int


def outcomes(logits: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
  """What is kept of every test example, whatever their number.

  Args:
    logits: [n, k].
    y: labels [n].

  Returns:
    Labels, predicted classes and probabilities of the true class, [n] each.
  """
  probabilities = special.softmax(logits.astype(np.float32), axis=-1)
  return {
    _LABELS: y,
    _GUESSES: logits.argmax(axis=-1).astype(np.int32),
    _TRUTH: probabilities[np.arange(len(y)), y],
  }


def compare(before: Arrays, after: Arrays) -> Changes | None:
  """Sorts the test examples by what two models make of them.

  Args:
    before: has what `outcomes` gives, or nothing.
    after: the same of the other model.

  Returns:
    The changes; None where the two have no test set in common.
  """
  labels, others = after.get(_LABELS), before.get(_LABELS)
  if labels is None or others is None or not np.array_equal(labels, others):
    return None
  was, is_ = (arrays[_GUESSES] == labels for arrays in (before, after))
  gain = after[_TRUTH].astype(np.float64) - before[_TRUTH]
  order = np.argsort(-gain, kind='stable')
  return Changes(
    repaired=order[(~was & is_)[order]],
    broken=order[::-1][(was & ~is_)[order[::-1]]],
    both_right=int((was & is_).sum()),
    both_wrong=int((~was & ~is_).sum()),
  )


def read(predictions: pathlib.Path) -> dict[str, np.ndarray]:
  """What `outcomes` gave of another run; nothing where that cannot be read."""
  try:
    with np.load(predictions) as arrays:
      names = (_LABELS, _GUESSES, _TRUTH)
      return {name: arrays[name] for name in names if name in arrays}
  # What came before is no reason to fail.
  except (OSError, EOFError, ValueError, zipfile.BadZipFile):
    return {}


def told(found: Changes) -> dict[str, Any]:
  """How many examples changed, and whether that may be chance.

  Returns:
    The four counts; 'mcnemar_p' of `statistics.mcnemar`, and 'verdict' of
    `statistics.verdict`: about these two models, not about their methods.
  """
  repaired, broken = len(found.repaired), len(found.broken)
  p = statistics.mcnemar(repaired, broken)
  return {
    'repaired': repaired,
    'broken': broken,
    'both_right': found.both_right,
    'both_wrong': found.both_wrong,
    'mcnemar_p': p,
    'verdict': statistics.verdict(repaired - broken, p),
  }


def pictures(found: Changes, x: Any) -> dict[str, np.ndarray]:
  """Images of the examples that changed most, to be kept with the run.

  Args:
    found: of `compare`.
    x: inputs of the test set as in `Examples`, [n, ...].

  Returns:
    At most `LIMIT` of each kind and their rows; nothing for other data than
    images.
  """
  rows = np.concatenate([found.repaired[:LIMIT], found.broken[:LIMIT]])
  images = x[rows]
  return {_ROWS: rows, _IMAGES: images} if images.ndim == 4 else {}


def kept(predictions: Arrays) -> dict[int, np.ndarray]:
  """Images of `pictures` by their row."""
  if _ROWS not in predictions:
    return {}
  return dict(
    zip(predictions[_ROWS].tolist(), predictions[_IMAGES], strict=True)
  )


def example(predictions: Arrays, row: int) -> Outcome:
  """What is kept of one test example."""
  return Outcome(
    int(predictions[_LABELS][row]),
    int(predictions[_GUESSES][row]),
    float(predictions[_TRUTH][row]),
  )
