"""Which examples train, select and test, on a small task of known rows."""

import numpy as np
import pytest

from da_jax.data import protocols, transforms
from da_jax.data.pair import Domain, Examples, Task
from da_jax.data.protocols import PROTOCOLS, Protocol
from da_jax.errors import UserError

CLASSES = ('ant', 'bee', 'cat', 'dog')


def _domain(name, per_class, first, class_names=CLASSES, **kwargs):
  """A domain whose rows hold numbers that no other row holds."""
  y = np.tile(np.arange(len(class_names)), per_class).astype(np.int32)
  x = first + np.arange(len(y), dtype=np.float32)[:, None]
  return Domain(name, class_names, Examples(x, y), **kwargs)


def _task(source=None, target=None, protocol='transductive'):
  return Task(
    dataset='toy',
    source=source or _domain('here', 20, 0),
    target=target or _domain('there', 10, 1000),
    protocol=protocol,
    backbone='mlp',
    transform=transforms.rows,
  )


def _rows(examples):
  return set(examples.x[:, 0].tolist())


def _draw(task, **kwargs):
  return protocols.draw(task, Protocol(**kwargs))


def test_transductive_trains_and_tests_on_the_whole_target():
  pair = _draw(_task())
  assert pair.target_test is pair.target_train
  assert _rows(pair.target_test) == set(range(1000, 1040))
  assert _rows(pair.source_train) | _rows(pair.source_val) == set(range(80))
  assert not _rows(pair.source_train) & _rows(pair.source_val)
  assert pair.protocol == PROTOCOLS['transductive']


def test_transductive_pools_a_published_test_split():
  target = _domain('there', 10, 1000, test_from=30)
  pair = _draw(_task(target=target, protocol='published'), name='transductive')
  assert _rows(pair.target_test) == set(range(1000, 1040))


def test_published_keeps_the_splits_and_never_trains_on_the_source_test():
  source = _domain('here', 20, 0, test_from=60)
  target = _domain('there', 10, 1000, test_from=30)
  pair = _draw(_task(source, target, 'published'))
  assert _rows(pair.source_train) | _rows(pair.source_val) == set(range(60))
  assert _rows(pair.target_train) == set(range(1000, 1030))
  assert _rows(pair.target_test) == set(range(1030, 1040))


def test_split_holds_out_a_fifth_whatever_the_labels():
  pair = _draw(_task(), name='split')
  assert len(pair.target_train.y) == 32 and len(pair.target_test.y) == 8
  both = _rows(pair.target_train) | _rows(pair.target_test)
  assert both == set(range(1000, 1040))
  target = _domain('there', 10, 1000)
  target.examples.y[:] = np.sort(target.examples.y)
  other = _draw(_task(target=target), name='split')
  for part in ('target_train', 'target_test'):
    np.testing.assert_array_equal(other.split[part], pair.split[part])


def test_sampled_draws_the_published_numbers():
  source = _domain('here', 20, 0, test_from=60, sample=40)
  target = _domain('there', 10, 1000, test_from=30, sample=12)
  pair = _draw(_task(source, target), name='sampled')
  assert len(pair.source_train.y) + len(pair.source_val.y) == 40
  assert len(pair.target_train.y) == 12
  assert max(_rows(pair.target_train)) < 1030
  assert _rows(pair.target_test) == set(range(1030, 1040))
  assert '40 source examples train' in pair.protocol
  assert '12 target examples train' in pair.protocol


def test_fewer_target_classes_are_the_partial_setting():
  pair = _draw(_task(), target_classes=('dog', 'bee'))
  assert pair.class_names == CLASSES
  assert sorted(set(pair.target_test.y)) == [1, 3]
  assert set(pair.source_train.y) == {0, 1, 2, 3}
  assert '2 of 4 target classes' in pair.protocol


def test_source_classes_narrow_both_domains_and_renumber():
  pair = _draw(_task(), source_classes=('dog', 'bee'))
  assert pair.class_names == ('bee', 'dog')
  for part in (pair.source_train, pair.source_val, pair.target_test):
    assert sorted(set(part.y)) == [0, 1]
  # Row r of the toy domains has the class r modulo 4.
  np.testing.assert_array_equal(
    pair.target_test.x[:, 0] % 4, np.array([1, 3])[pair.target_test.y]
  )


def test_classes_are_matched_by_name_not_by_number():
  target = _domain('there', 10, 1000, class_names=('dog', 'cat', 'bee', 'ant'))
  pair = _draw(_task(target=target))
  np.testing.assert_array_equal(
    pair.target_test.x[:, 0] % 4, 3 - pair.target_test.y
  )


@pytest.mark.parametrize('domain', ['source', 'target'])
def test_label_shift_thins_out_half_of_the_classes(domain):
  pair = _draw(_task(), label_shift=domain, label_shift_share=0.3)
  whole = np.concatenate([pair.source_train.y, pair.source_val.y])
  counts = {'source': np.bincount(whole), 'target': np.bincount(pair[6].y)}
  n = {'source': 20, 'target': 10}
  other = {'source': 'target', 'target': 'source'}[domain]
  assert counts[other].tolist() == [n[other]] * 4
  few = round(0.3 * n[domain])
  assert counts[domain].tolist() == [few, few, n[domain], n[domain]]
  assert pair.target_test is pair.target_train
  assert f'half of the {domain} classes keeps 30 %' in pair.protocol


def test_the_split_says_which_rows_are_where():
  task = _task()
  pair = _draw(task, name='split')
  for part in pair.split:
    domain = getattr(task, part.split('_')[0])
    examples = getattr(pair, part)
    np.testing.assert_array_equal(
      domain.examples.x[pair.split[part]], examples.x
    )


def test_the_fingerprint_follows_examples_labels_names_and_split():
  one = _draw(_task()).fingerprint
  assert _draw(_task()).fingerprint == one
  names = tuple(map(str, range(40)))
  other_x = _domain('there', 10, 1001)
  other_y = _domain('there', 10, 1000)
  other_y.examples.y[[0, 1]] = other_y.examples.y[[1, 0]]
  for task, settings in (
    (_task(target=_domain('there', 10, 1000, names=names)), {}),
    (_task(target=other_x), {}),
    (_task(target=other_y), {}),
    (_task(), {'name': 'split'}),
  ):
    assert _draw(task, **settings).fingerprint != one


def test_what_is_fitted_comes_last():
  task = _task()._replace(
    fit=lambda pair: pair._replace(fitted={'n': len(pair.source_train.y)})
  )
  assert _draw(task).fitted == {'n': 68}


@pytest.mark.parametrize(
  ('settings', 'culprit'),
  [
    ({'name': 'inductive'}, "'inductive': choose from transductive"),
    ({'name': 'published'}, 'no published test split of there'),
    ({'name': 'sampled'}, 'no sizes are published'),
    ({'source_classes': ('ant', 'eel')}, '--source_classes: here has no.* eel'),
    ({'target_classes': ('eel',)}, '--target_classes: there has no class eel'),
    ({'source_classes': ('ant',)}, 'class ant alone: two or more'),
    (
      {'source_classes': ('ant', 'bee'), 'target_classes': ('ant', 'cat')},
      'only there has cat',
    ),
    ({'label_shift_share': 0.5}, '--label_shift_share is .* --label_shift'),
    ({'source_examples': 81}, '81 training examples of here .* are 80'),
    ({'target_examples': 41}, '41 training examples of there .* are 40'),
  ],
)
def test_what_cannot_be_drawn_is_named(settings, culprit):
  with pytest.raises(UserError, match=culprit):
    _draw(_task(), **settings)


def test_classes_that_differ_are_named():
  target = _domain('there', 10, 1000, class_names=('ant', 'bee', 'cat', 'eel'))
  with pytest.raises(UserError, match='only here has dog; only there has eel'):
    _draw(_task(target=target))


def test_augmentation_of_rows_is_refused():
  with pytest.raises(UserError, match='--blur changes images'):
    protocols.draw(_task(), augmentation=transforms.Augmentation(blur=0.5))
