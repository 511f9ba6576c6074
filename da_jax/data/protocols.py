"""Protocols: which examples of two domains train, select and test.

Numbers of different protocols are not comparable, so that every result carries
its own in words. A draw depends on labels, their order and a constant seed
alone: neither the run's seed nor the file system moves an example from one part
to another.
"""

from collections.abc import Mapping
import hashlib
from typing import NamedTuple

import numpy as np

from da_jax.data import classes, splits
from da_jax.data.normalisation import Normalisation
from da_jax.data.pair import DomainPair, Task, content, subset
from da_jax.data.transforms import Augmentation
from da_jax.errors import UserError

VALIDATION_SHARE = 0.15  # of the source
TEST_SHARE = 0.2  # of the target under 'split', drawn without its labels
LABEL_SHIFT_SHARE = 0.3

PROTOCOLS = {
  'transductive': 'transductive: all target examples train and test',
  'published': "the dataset's own target train / target test",
  'split': '80 % of the target train / 20 % test',
  'sampled': "random samples train / the dataset's own target test",
}


class Protocol(NamedTuple):
  """What to draw; None leaves the dataset's own.

  Attributes:
    name: key of `PROTOCOLS`.
    source_classes: names of the classes to keep in the source.
    target_classes: the same in the target, of the source's classes; fewer make
      the partial setting.
    source_examples: training examples to draw from the source.
    target_examples: the same from the target.
    label_shift: which domain's classes become unequal: its first half keeps
      `label_shift_share` of its examples, as in Tachet des Combes et al.,
      NeurIPS 2020 (https://arxiv.org/abs/2003.04475).
    label_shift_share: see there; 0.3 if None.
  """

  name: str | None = None
  source_classes: tuple[str, ...] | None = None
  target_classes: tuple[str, ...] | None = None
  source_examples: int | None = None
  target_examples: int | None = None
  label_shift: str | None = None
  label_shift_share: float | None = None


def draw(
  task: Task,
  protocol: Protocol = Protocol(),
  augmentation: Augmentation = Augmentation(),
  normalisation: Normalisation | None = None,
) -> DomainPair:
  """Draws the parts of a pair.

  Args:
    task: the domains.
    protocol: what is wanted.
    augmentation: of the images that train.
    normalisation: of all images; None: the task's own.

  Returns:
    The pair; 15 % of the source's training examples are held out.

  Raises:
    UserError: the classes of the domains differ, one is unknown, a domain has
      not what the protocol wants, or a normalisation is given for what are no
      images.
  """
  name = protocol.name or task.protocol
  protocol = _completed(task, protocol, name)
  class_names = classes.kept(
    task, protocol.source_classes, protocol.target_classes
  )
  y_s = classes.labels(task.source, class_names, class_names)
  y_t = classes.labels(
    task.target, protocol.target_classes or class_names, class_names
  )
  source = np.flatnonzero(y_s[: task.source.test_from] >= 0)
  train, test = _target(task, name, y_t)
  share, count = protocol.label_shift_share, len(class_names)
  if protocol.label_shift == 'source':
    source = _shift(source, y_s, count, share)
  if protocol.label_shift == 'target':
    train, test = (_shift(rows, y_t, count, share) for rows in (train, test))
  source = _sample(source, protocol.source_examples, task.source.name)
  train = _sample(train, protocol.target_examples, task.target.name)
  kept, held = splits.hold_out(y_s[source], VALIDATION_SHARE)
  split = {
    'source_train': source[kept],
    'source_val': source[held],
    'target_train': train,
    'target_test': test,
  }
  words = '; '.join(_words(name, protocol, task))
  transform = _transform(task, augmentation, normalisation)
  return task.fit(_pair(task, transform, class_names, y_s, y_t, split, words))


def _transform(task, augmentation, normalisation) -> dict:
  """The fields of a pair that say what becomes of its examples."""
  if task.normalisation is None:
    if normalisation is not None:
      raise UserError(
        f'the weights are of a network for images, which the data of'
        f' {task.dataset} are not.'
      )
    augment, prepare = task.transform(augmentation)
  else:
    normalisation = normalisation or task.normalisation
    augment, prepare = task.transform(augmentation, normalisation=normalisation)
  return {
    'augment': augment,
    'prepare': prepare,
    'normalisation': normalisation,
  }


def _pair(task, transform, class_names, y_s, y_t, split, words):
  source = task.source.examples._replace(y=y_s)
  target = task.target.examples._replace(y=y_t)
  train = subset(target, split['target_train'])
  same = np.array_equal(split['target_train'], split['target_test'])
  return DomainPair(
    dataset=task.dataset,
    source=task.source.name,
    target=task.target.name,
    class_names=class_names,
    source_train=subset(source, split['source_train']),
    source_val=subset(source, split['source_val']),
    target_train=train,
    target_test=train if same else subset(target, split['target_test']),
    **transform,
    protocol=words,
    backbone=task.backbone,
    split=split,
    fingerprint=_fingerprint(task, split),
    inputs=task.inputs,
    encoder=task.encoder,
  )


def _fingerprint(task: Task, split: Mapping[str, np.ndarray]) -> str:
  digest = hashlib.sha256()
  for domain in (task.source, task.target):
    digest.update(domain.examples.y.tobytes())
    digest.update('\n'.join((*domain.class_names, *domain.names)).encode())
    digest.update(content(domain).encode())
  for indices in split.values():
    digest.update(indices.tobytes())
  return digest.hexdigest()[:16]


def _completed(task: Task, protocol: Protocol, name: str) -> Protocol:
  """Puts in the numbers that the names stand for."""
  if name not in PROTOCOLS:
    raise UserError(
      f'there is no protocol {name!r}: choose from {", ".join(PROTOCOLS)}.'
    )
  if protocol.label_shift_share is None:
    protocol = protocol._replace(label_shift_share=LABEL_SHIFT_SHARE)
  elif not protocol.label_shift:
    raise UserError(
      '--label_shift_share is the share that --label_shift keeps: say in which'
      ' domain.'
    )
  if name != 'sampled':
    return protocol
  samples = (task.source.sample, task.target.sample)
  if None in samples:
    raise UserError(
      f'no sizes are published for samples of {task.source.name} and'
      f' {task.target.name}: take --protocol=published with --source_examples'
      ' and --target_examples.'
    )
  return protocol._replace(
    source_examples=protocol.source_examples or samples[0],
    target_examples=protocol.target_examples or samples[1],
  )


def _target(
  task: Task, name: str, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Rows of the target that train and rows that test."""
  domain, rows = task.target, np.flatnonzero(y >= 0)
  if name == 'transductive':
    return rows, rows
  if name == 'split':
    test = _sample(rows, round(TEST_SHARE * len(rows)), domain.name)
    return np.setdiff1d(rows, test), test
  if domain.test_from is None:
    raise UserError(
      f'{task.dataset} has no published test split of {domain.name}: choose'
      ' --protocol=transductive or --protocol=split.'
    )
  border = np.searchsorted(rows, domain.test_from)
  return rows[:border], rows[border:]


def _shift(
  rows: np.ndarray, y: np.ndarray, classes: int, share: float
) -> np.ndarray:
  """Keeps a share of each of the first half of the classes, at least one."""
  rng = np.random.default_rng(0)
  keep = np.ones(len(rows), bool)
  for label in range(classes // 2):
    members = rng.permutation(np.flatnonzero(y[rows] == label))
    keep[members[max(1, round(share * len(members))) :]] = False
  return rows[keep]


def _sample(rows: np.ndarray, count: int | None, domain: str) -> np.ndarray:
  if count is None:
    return rows
  if count > len(rows):
    raise UserError(
      f'{count} training examples of {domain} are asked for, but there are'
      f' {len(rows)}.'
    )
  rng = np.random.default_rng(0)
  return np.sort(rng.choice(rows, count, replace=False))


def _words(name: str, protocol: Protocol, task: Task):
  yield PROTOCOLS[name]
  for role in ('source', 'target'):
    kept = getattr(protocol, f'{role}_classes')
    if kept:
      of = len(getattr(task, role).class_names)
      yield f'{len(kept)} of {of} {role} classes'
    count = getattr(protocol, f'{role}_examples')
    if count:
      yield f'{count} {role} examples train'
  if protocol.label_shift:
    share = f'{100 * protocol.label_shift_share:g} %'
    yield f'first half of the {protocol.label_shift} classes keeps {share}'
  broken = len(task.source.broken) + len(task.target.broken)
  if broken:
    yield f'{broken} broken file{"s" if broken > 1 else ""} left out'
