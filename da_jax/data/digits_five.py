"""MNIST, USPS and MNIST-M: ten digits, three ways of writing them.

Two grey domains meet as 28x28 grey images, any other two as 32x32 RGB. The
full published splits are used: training sets to train, the target's test set
to test (2000 + 1800 random images, as in some papers, is another protocol).

MNIST-M is made from MNIST in the same order: image i of the one shows image i
of the other. Batches of the two domains are drawn independently, so the pairs
are of no consequence here.
"""

import pathlib

import numpy as np

from da_jax.data import mnist, mnist_m, splits, transforms, usps
from da_jax.data.pair import DomainPair, Examples
from da_jax.errors import UserError

DOMAINS = ('mnist', 'usps', 'mnist_m')
_GREY = ('mnist', 'usps')
_READERS = {'mnist': mnist.read, 'usps': usps.read, 'mnist_m': mnist_m.read}


def load(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  image_size: int | None = None,
) -> DomainPair:
  """Reads two of the domains.

  Args:
    data_dir: folder with `mnist/`, `usps/` and `mnist_m/`, with their files, or
      with a folder `digits_five/` of them.
    source: one of `DOMAINS`.
    target: another one.
    image_size: must be None.

  Returns:
    Images uint8 [n, 28, 28, 1] or [n, 32, 32, 3] of ten classes; 15 % of the
    source's training set are held out for validation.

  Raises:
    UserError: files are missing or damaged, or an image size is asked for.
  """
  if image_size is not None:
    raise UserError(
      '--image_size does not apply to digits_five: grey pairs are 28x28, the'
      ' others 32x32.'
    )
  nested = data_dir / 'digits_five'
  data_dir = nested if nested.is_dir() else data_dir
  grey = source in _GREY and target in _GREY
  bring = _to_grey if grey else _to_rgb
  (source_all, _), target_splits = (
    _READERS[domain](data_dir) for domain in (source, target)
  )
  target_train, target_test = map(bring, target_splits)
  kept, held = splits.hold_out(source_all.y, 0.15)
  x, y = bring(source_all)
  augment, prepare = transforms.small(0.5, 0.5)
  return DomainPair(
    dataset='digits_five',
    source=source,
    target=target,
    class_names=tuple(str(digit) for digit in range(10)),
    source_train=Examples(x[kept], y[kept]),
    source_val=Examples(x[held], y[held]),
    target_train=target_train,
    target_test=target_test,
    augment=augment,
    prepare=prepare,
    protocol='target train / target test',
    backbone='lenet' if grey else 'dtn',
  )


def _to_grey(examples: Examples) -> Examples:
  return Examples(_resize(examples.x, 28), examples.y)


def _to_rgb(examples: Examples) -> Examples:
  x = _resize(examples.x, 32)
  return Examples(np.concatenate([x] * (3 // x.shape[3]), axis=3), examples.y)


def _resize(x: np.ndarray, size: int) -> np.ndarray:
  """Resizes grey images; MNIST-M has its size already."""
  if x.shape[1] == size:
    return x
  from PIL import Image

  images = (Image.fromarray(image) for image in x[..., 0])
  resized = [
    np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    for image in images
  ]
  return np.stack(resized)[..., None]
