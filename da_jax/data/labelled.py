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
  train, test = pair.target_train, pair.target_test
  protocol = 'labelled target train / target test'
  if train is test:
    kept, held = splits.hold_out(train.y, TEST_SHARE)
    train, test = subset(train, kept), subset(train, held)
    protocol = 'labelled 70 % of the target / tested on the other 30 %'
  if labels_per_class is not None:
    train = subset(train, splits.few_labels(train.y, labels_per_class, seed))
    protocol += f', {labels_per_class} labels a class'
  validation = None
  if np.bincount(train.y).min() >= VALIDATION_FROM:
    kept, held = splits.hold_out(train.y, VALIDATION_SHARE)
    train, validation = subset(train, kept), subset(train, held)
  pair = pair._replace(target_train=train, target_test=test, protocol=protocol)
  return pair, validation
