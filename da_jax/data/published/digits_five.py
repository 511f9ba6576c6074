"""MNIST, USPS, MNIST-M, SVHN and Synthetic Digits: the ten digits.

Two grey domains meet as 28x28 grey images, any other two as 32x32 RGB. The
full published splits are used: training sets to train, the target's test set
to test (2000 + 1800 random images are `--protocol=sampled`).

MNIST-M is made from MNIST in the same order: image i of the one shows image i
of the other. Batches of the two domains are drawn independently, so the pairs
are of no consequence here.
"""

import pathlib

import numpy as np

from da_jax.data import inputs
from da_jax.data.digits import CLASS_NAMES
from da_jax.data.normalisation import HALF
from da_jax.data.pair import Examples, Task
from da_jax.data.published import (
  arrays,
  mnist,
  mnist_m,
  mnist_m_blend,
  svhn,
  syn_digits,
  usps,
)
from da_jax.data.published.record import Published

_GREY = ('mnist', 'usps')
# Training images that many papers draw (Long et al., ICCV 2013).
_SAMPLES = {'mnist': 2000, 'usps': 1800}
_SPLITS = ('train', 'test')
_READERS = {
  'mnist': mnist,
  'usps': usps,
  'mnist_m': mnist_m,
  'svhn': svhn,
  'syn_digits': syn_digits,
}
DOMAINS = tuple(_READERS)


def _find(data_dir: pathlib.Path, domain: str) -> list[pathlib.Path]:
  return _READERS[domain].find(data_dir)


def _read(data_dir: pathlib.Path, domain: str) -> dict[str, Examples]:
  splits = _READERS[domain].read(data_dir)
  return dict(zip(_SPLITS, splits, strict=True))


def _counts(of_classes: dict[str, tuple[int, ...]]) -> dict[str, int]:
  return {split: sum(counts) for split, counts in of_classes.items()}


PUBLISHED = Published(
  name='digits_five',
  counts={
    'mnist': _counts(mnist.COUNTS),
    'usps': _counts(usps.COUNTS),
    'mnist_m': dict(zip(_SPLITS, mnist_m_blend.COUNTS, strict=True)),
    'svhn': _counts(svhn.COUNTS),
    'syn_digits': syn_digits.COUNTS,
  },
  class_names=CLASS_NAMES,
  folders=('digits_five',),
  layout='mnist/, usps/, mnist_m/, svhn/ and syn_digits/ with their files',
  homepage='https://arxiv.org/abs/1812.01754',
  citation='\n'.join(reader.CITATION for reader in _READERS.values()),
  records=arrays.array_records(_find, _read),
  files=tuple(f for reader in _READERS.values() for f in reader.FILES),
)


def load(data_dir: pathlib.Path, source: str, target: str) -> Task:
  """Reads two of the domains.

  Args:
    data_dir: folder with `mnist/`, `usps/`, `mnist_m/`, `svhn/` and
      `syn_digits/`, with their files, or with a folder `digits_five/` of them.
    source: one of `DOMAINS`.
    target: another one.

  Returns:
    Images uint8 [n, 28, 28, 1] or [n, 32, 32, 3] of ten classes, with the
    published test splits.

  Raises:
    UserError: files are missing or damaged.
  """
  nested = data_dir / 'digits_five'
  data_dir = nested if nested.is_dir() else data_dir
  grey = source in _GREY and target in _GREY
  bring = _to_grey if grey else _to_rgb

  def read(data_dir: pathlib.Path, name: str) -> dict[str, Examples]:
    splits = _read(data_dir, name)
    return {split: bring(examples) for split, examples in splits.items()}

  def domain(name: str):
    domain = arrays.domain(PUBLISHED, read, data_dir, name)
    return domain._replace(sample=_SAMPLES.get(name))

  taken = inputs.small_images(28, 1) if grey else inputs.small_images(32)
  return Task(
    dataset='digits_five',
    source=domain(source),
    target=domain(target),
    protocol='published',
    backbone='lenet' if grey else 'dtn',
    transform=inputs.transform(taken),
    inputs=taken,
    normalisation=HALF,
  )


def _to_grey(examples: Examples) -> Examples:
  return Examples(_resize(examples.x, 28), examples.y)


def _to_rgb(examples: Examples) -> Examples:
  x = _resize(examples.x, 32)
  if x.shape[3] == 3:
    return Examples(x, examples.y)
  return Examples(np.repeat(x, 3, axis=3), examples.y)


def _resize(x: np.ndarray, size: int) -> np.ndarray:
  """Resizes grey images; those in colour have their size already."""
  if x.shape[1] == size:
    return x
  from PIL import Image

  images = (Image.fromarray(image) for image in x[..., 0])
  resized = [
    np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    for image in images
  ]
  return np.stack(resized)[..., None]
