"""MNIST-C: Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer
Vision", ICML workshop 2019 (https://arxiv.org/abs/1906.02337).

Image i of every domain shows the same digit, image i of MNIST: the published
test splits are of digits that none has trained on.
"""

import pathlib

import numpy as np

from da_jax.data import inputs
from da_jax.data.digits import CLASS_NAMES
from da_jax.data.normalisation import HALF
from da_jax.data.obtain.download import Remote
from da_jax.data.obtain.locate import locate
from da_jax.data.pair import Examples, Task
from da_jax.data.published import arrays, label_counts, mnist
from da_jax.data.published.record import File, Published
from da_jax.errors import UserError

CORRUPTIONS = (
  'shot_noise',
  'impulse_noise',
  'glass_blur',
  'motion_blur',
  'shear',
  'scale',
  'rotate',
  'brightness',
  'translate',
  'stripe',
  'fog',
  'spatter',
  'dotted_line',
  'zigzag',
  'canny_edges',
)
# `mnist` is another name of `identity`.
DOMAINS = ('mnist', 'identity', *CORRUPTIONS)
_URL = 'https://zenodo.org/records/3239543'
_FOLDERS = ('mnist_c', 'MNIST-C')
_CITATION = """@inproceedings{mu2019mnist,
  title={{MNIST-C}: A Robustness Benchmark for Computer Vision},
  author={Mu, Norman and Gilmer, Justin},
  booktitle={ICML Workshop on Uncertainty and Robustness in Deep Learning},
  year={2019}
}"""


def _find(data_dir: pathlib.Path, domain: str) -> list[pathlib.Path]:
  """Finds images and labels to train, images and labels to test."""
  folder = 'identity' if domain == 'mnist' else domain
  bases = [data_dir / base for base in _FOLDERS]
  names = [
    f'{split}_{kind}.npy'
    for split in mnist.COUNTS
    for kind in ('images', 'labels')
  ]
  folder = locate(
    f'{folder} of MNIST-C',
    # The archive has a folder of its own.
    [base / folder for b in (*bases, data_dir) for base in (b / 'mnist_c', b)],
    lambda folder: all((folder / name).is_file() for name in names),
    ', '.join(names),
    _URL,
  )
  return [folder / name for name in names]


def _read(data_dir: pathlib.Path, domain: str) -> dict[str, Examples]:
  paths = _find(data_dir, domain)
  splits = (_split(*paths[:2]), _split(*paths[2:]))
  for path, split, examples in zip(
    paths[1::2], mnist.COUNTS, splits, strict=True
  ):
    label_counts.check(path, examples.y, mnist.COUNTS[split])
  return dict(zip(mnist.COUNTS, splits, strict=True))


def _split(images: pathlib.Path, labels: pathlib.Path) -> Examples:
  x, y = _array(images), _array(labels)
  if x.dtype != np.uint8 or x.shape != (y.size, 28, 28, 1) or y.ndim != 1:
    raise UserError(
      f'{images} is {x.dtype} {list(x.shape)} and {labels.name}'
      f' {list(y.shape)} instead of uint8 [n, 28, 28, 1] and [n].'
    )
  odd = np.setdiff1d(y, range(10))
  if len(odd):
    raise UserError(f'{labels} has the label {odd[0]}; 0 to 9 are expected.')
  return Examples(x, y.astype(np.int32))


def _array(path: pathlib.Path) -> np.ndarray:
  try:
    return np.load(path, allow_pickle=False)
  except (ValueError, OSError, EOFError) as error:
    raise UserError(f'{path} is damaged ({error}): get it again.') from error


PUBLISHED = Published(
  name='mnist_c',
  counts={name: {'train': 60000, 'test': 10000} for name in DOMAINS},
  class_names=CLASS_NAMES,
  folders=_FOLDERS,
  layout='<corruption>/{train,test}_{images,labels}.npy',
  homepage=_URL,
  citation=_CITATION,
  records=arrays.array_records(_find, _read),
  files=(
    File(
      Remote(
        'mnist_c.zip',
        (f'{_URL}/files/mnist_c.zip?download=1',),
        'sha256:'
        'af9ee8c6a815870c7fdde5af84c7bf8db0bcfa1f41056db83871037fba70e493',
        246_661_575,
      )
    ),
  ),
)


def load(data_dir: pathlib.Path, source: str, target: str) -> Task:
  """Reads two of the domains.

  Args:
    data_dir: folder with `<corruption>/{train,test}_{images,labels}.npy`, or
      with a folder `mnist_c/` of them.
    source: one of `DOMAINS`.
    target: another one.

  Returns:
    Images uint8 [n, 28, 28, 1] of ten classes, with the published test splits.

  Raises:
    UserError: files are missing or damaged, or both domains are MNIST.
  """
  if {source, target} == {'mnist', 'identity'}:
    raise UserError("mnist_c: 'mnist' and 'identity' are the same images.")
  taken = inputs.small_images(28, 1)
  return Task(
    dataset='mnist_c',
    source=arrays.domain(PUBLISHED, _read, data_dir, source),
    target=arrays.domain(PUBLISHED, _read, data_dir, target),
    protocol='published',
    backbone='lenet',
    transform=inputs.transform(taken),
    inputs=taken,
    normalisation=HALF,
  )
