"""The data contract: two domains, and the parts a protocol draws from them."""

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import hashlib
import mmap
from typing import Any, NamedTuple

import jax
import numpy as np

from da_jax.data.normalisation import Normalisation


class Examples(NamedTuple):
  """Examples of one domain in a fixed order.

  `x` has a length and answers `x[indices]` (int64 [b], or a slice) with a fresh
  NumPy array [b, ...]. It is an array in memory (uint8 images [n, h, w, c],
  float32 rows [n, d] or series [n, t, c], int32 token ids [n, t]), or one that
  fetches on demand and has `subset(indices)`: `Chosen`, `images.ImageFiles`.
  """

  x: Any
  y: np.ndarray  # int32 [n]


@dataclasses.dataclass(frozen=True)
class Chosen:
  """Rows of an array that stays where it is, such as on disk.

  Attributes:
    array: [m, ...], memory-mapped.
    indices: int64 [n], its rows, in order.
  """

  array: np.ndarray
  indices: np.ndarray

  @property
  def shape(self) -> tuple[int, ...]:
    return (len(self.indices), *self.array.shape[1:])

  def __len__(self) -> int:
    return len(self.indices)

  def __array__(self, dtype=None, copy=None) -> np.ndarray:
    return self[:].astype(dtype or self.array.dtype, copy=False)

  def __getitem__(self, indices) -> np.ndarray:
    return np.asarray(self.array[self.indices[indices]])

  def __reduce__(self):
    """Sends the name of a mapped file to another process, not what is in it."""
    array = self.array
    # A view of a part does not know where in the file it begins.
    if isinstance(array.base, mmap.mmap) and array.flags.c_contiguous:
      place = (array.filename, array.dtype, 'r', array.offset, array.shape)
      return _mapped, (place, self.indices)
    return Chosen, (array, self.indices)

  def subset(self, indices: np.ndarray) -> 'Chosen':
    """Some of the rows, in the order of the indices."""
    return Chosen(self.array, self.indices[indices])


def _mapped(place: tuple, indices: np.ndarray) -> Chosen:
  return Chosen(np.memmap(*place), indices)


def subset(examples: Examples, indices: np.ndarray) -> Examples:
  """Some of the examples, in the order of the indices; decodes nothing."""
  x = examples.x
  if isinstance(x, np.memmap):
    chosen = Chosen(x, indices)
  else:
    chosen = x[indices] if isinstance(x, np.ndarray) else x.subset(indices)
  return Examples(chosen, examples.y[indices])


class Domain(NamedTuple):
  """A labelled set before a protocol says what is done with it."""

  name: str
  class_names: tuple[str, ...]  # sorted or in published order; y indexes them
  examples: Examples  # in an order that no file system decides
  test_from: int | None = None  # first of the published test split, if any
  sample: int | None = None  # training examples that 'sampled' papers draw
  names: Sequence[str] = ()  # of the examples, if they have some (files)
  broken: Mapping[str, str] = {}  # files that were left out -> why
  files: Any = None  # `images.ImageFiles` that x was decoded from, if any
  origin: str = ''  # `content` of what x was computed from, if it was


def content(domain: Domain) -> str:
  """What tells the examples of a domain from others, whatever their labels."""
  if domain.origin:
    return domain.origin
  if domain.files is not None:
    return domain.files.key
  x = domain.examples.x
  if isinstance(x, np.ndarray) and x.dtype == object:  # texts
    encoded = '\0'.join(x).encode()
  else:
    encoded = x.tobytes()
  return hashlib.sha256(encoded).hexdigest()


class DomainPair(NamedTuple):
  """One adaptation problem, all of it that training and evaluation may see.

  `target_train.y` reaches a batch only in supervised settings (fine-tuning);
  `target_test.y` is read by the evaluator alone.
  """

  dataset: str
  source: str  # name of the domain
  target: str
  class_names: tuple[str, ...]
  source_train: Examples
  source_val: Examples  # held out from the source, for selection
  target_train: Examples
  target_test: Examples
  augment: Callable[[jax.Array, jax.Array], jax.Array]  # (key, x) -> float32
  prepare: Callable[[jax.Array], jax.Array]  # x -> float32, for evaluation
  protocol: str  # which examples train and test, in a few words
  backbone: str  # what the field trains on such data, key of models.BACKBONES
  # Rows of the domains that make up the parts: part -> int64 [n].
  split: Mapping[str, np.ndarray] = {}
  fingerprint: str = ''  # of examples, labels, names and split
  # What was learnt from training examples to prepare all: name -> array.
  fitted: Mapping[str, np.ndarray] = {}
  normalisation: Normalisation | None = None  # of images
  inputs: Mapping[str, Any] = {}  # what the model takes, see `inputs`
  encoder: Mapping[str, Any] = {}  # whose features x are, see `cached_features`


def map_x(
  pair: DomainPair,
  of_source: Callable[[Any], Any],
  of_target: Callable[[Any], Any],
) -> DomainPair:
  """Transforms x of all parts; parts that are one stay one."""

  def mapped(part: Examples, function: Callable[[Any], Any]) -> Examples:
    return part._replace(x=function(part.x))

  train = mapped(pair.target_train, of_target)
  same = pair.target_train is pair.target_test
  return pair._replace(
    source_train=mapped(pair.source_train, of_source),
    source_val=mapped(pair.source_val, of_source),
    target_train=train,
    target_test=train if same else mapped(pair.target_test, of_target),
  )


class Task(NamedTuple):
  """What a dataset gives: two domains and how the field treats them."""

  dataset: str
  source: Domain
  target: Domain
  protocol: str  # by default, key of protocols.PROTOCOLS
  backbone: str  # by default, key of models.BACKBONES
  # Of an `Augmentation` and, for images, a `Normalisation`.
  transform: Callable[..., tuple[Callable, Callable]]
  # Learns from the training parts what all parts need; sets `fitted`.
  fit: Callable[[DomainPair], DomainPair] = lambda pair: pair
  normalisation: Normalisation | None = None  # of images, by default
  # What `transform` and `fit` do, for runs to be used later; see `inputs`.
  inputs: Mapping[str, Any] = {}
  encoder: Mapping[str, Any] = {}  # whose features x are, see `cached_features`
