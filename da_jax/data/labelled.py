"""Settings in which some target labels are given."""

import numpy as np

from da_jax.data import splits
from da_jax.data.pair import DomainPair, Examples, subset

TEST_SHARE, VALIDATION_SHARE = 0.3, 0.15
# Below so many labels a class, none can be spared for validation.
VALIDATION_FROM = 7


def labelled_target(
  pair: DomainPair, labels_per_class: int | None, seed: int
) -> tuple[DomainPair, Examples | None]:
  """Splits the target into labelled training, validation and test examples.

  Where the pair trains and tests on the same target examples, 30 % of each
  class become the test set, the same for every seed and number of labels.

  Args:
    pair: the data.
    labels_per_class: how many labels are given; None gives all.
    seed: of which labels are given.

  Returns:
    The pair with its labelled target examples as `target_train`, and the held
    out 15 % of the labels that select, or None where labels are too few.

  Raises:
    UserError: a class has fewer examples than labels asked for.
  """
  y = pair.target_train.y
  rows, protocol = np.arange(len(y)), 'the labels of target train are given'
  test = None
  if pair.target_train is pair.target_test:
    rows, test = splits.hold_out(y, TEST_SHARE)
    protocol = 'labelled 70 % of the target / tested on the other 30 %'
  if labels_per_class is not None:
    rows = rows[splits.few_labels(y[rows], labels_per_class, seed)]
    protocol += f', {labels_per_class} labels a class'
  validation = None
  if np.bincount(y[rows]).min() >= VALIDATION_FROM:
    kept, held = splits.hold_out(y[rows], VALIDATION_SHARE)
    rows, validation = rows[kept], subset(pair.target_train, rows[held])
  return _with_rows(
    pair, rows, test, f'{pair.protocol}; {protocol}'
  ), validation


def _with_rows(
  pair: DomainPair, train: np.ndarray, test: np.ndarray | None, protocol: str
) -> DomainPair:
  """The pair with some rows of `target_train` to train and to test."""
  whole = pair.target_train
  parts, split = {'target_train': train, 'target_test': test}, dict(pair.split)
  for name, rows in parts.items():
    if rows is not None:
      pair = pair._replace(**{name: subset(whole, rows)})
      split[name] = pair.split['target_train'][rows]
  return pair._replace(split=split, protocol=protocol)
