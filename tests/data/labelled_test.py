import numpy as np
import pytest

from da_jax.data.files import images
from da_jax.data.labelled import labelled_target
from da_jax.data.pair import Examples, subset
from da_jax.errors import UserError
from tests import toy


def _rows(examples):
  return {row.tobytes() for row in examples.x}


def test_all_labels_are_split_into_training_and_validation():
  pair, validation = labelled_target(toy.pair(), None, seed=0)
  train, everything = pair.target_train, toy.pair().target_train
  assert len(train.y) + len(validation.y) == len(everything.y)
  assert _rows(train) | _rows(validation) == _rows(everything)
  assert not _rows(train) & _rows(validation)
  np.testing.assert_array_equal(pair.target_test.x, toy.pair().target_test.x)


def test_few_labels_are_as_many_a_class_and_none_is_spared():
  pair, validation = labelled_target(toy.pair(), 3, seed=0)
  assert np.bincount(pair.target_train.y).tolist() == [3, 3, 3]
  assert validation is None
  assert '3 labels a class' in pair.protocol
  other, _ = labelled_target(toy.pair(), 3, seed=1)
  assert _rows(other.target_train) != _rows(pair.target_train)


def test_transductive_pairs_are_tested_on_examples_never_trained_on():
  examples = toy.pair().target_train
  both = toy.pair()._replace(target_train=examples, target_test=examples)
  tests = []
  for labels, seed in ((None, 0), (2, 0), (2, 1)):
    pair, validation = labelled_target(both, labels, seed)
    seen = _rows(pair.target_train)
    seen |= _rows(validation) if validation else set()
    assert not seen & _rows(pair.target_test)
    tests.append(pair.target_test.x)
  np.testing.assert_array_equal(tests[0], tests[1])
  np.testing.assert_array_equal(tests[1], tests[2])
  assert 0.2 < len(tests[0]) / len(examples.y) < 0.4


def test_more_labels_than_there_are_is_refused():
  with pytest.raises(UserError, match='1000 labels a class'):
    labelled_target(toy.pair(), 1000, seed=0)


def test_subset_of_files_decodes_nothing():
  def read(index):
    raise AssertionError('decoded')

  files = images.ImageFiles(read, np.arange(10, 20), size=8)
  part = subset(Examples(files, np.arange(10)), np.array([7, 2]))
  assert part.x.indices.tolist() == [17, 12] and part.y.tolist() == [7, 2]
