"""Published weights by name: downloaded once, into the cache."""

import pathlib

from da_jax import files
from da_jax.data.obtain.download import Remote, fetch
from da_jax.errors import UserError

_TORCHVISION = 'https://download.pytorch.org/models'
# Names of torchvision's ImageNet weights, which end with the beginning of the
# sha256 of the file.
_FILES = (
  'resnet18-f37072fd',
  'resnet34-b627a593',
  'resnet50-0676ba61',
  'resnet101-63fe2227',
  'resnet152-394f9c45',
  'resnext50_32x4d-7cdf4587',
  'wide_resnet50_2-95faca4d',
  'vgg16-397923af',
  'vgg19-dcbb9e9d',
  'alexnet-owt-7be5be79',
  'squeezenet1_1-b8a52dc0',
  'mobilenet_v2-b0353104',
  'convnext_tiny-983f1562',
  'vit_b_16-c867db91',
)


def _remote(file: str) -> Remote:
  digest = file.rpartition('-')[2]
  url = f'{_TORCHVISION}/{file}.pth'
  return Remote(f'{file}.pth', (url,), f'sha256:{digest}')


PUBLISHED = {
  f'{file.partition("-")[0]}.tv_in1k': _remote(file) for file in _FILES
}


def find(text: str) -> pathlib.Path:
  """The file, or the folder of a run, that a user means.

  Args:
    text: its path, or a key of `PUBLISHED`, whose file is downloaded unless it
      is in the cache.

  Returns:
    Where it is.

  Raises:
    UserError: there is no such thing, or it cannot be downloaded.
  """
  path = pathlib.Path(text)
  if path.exists():
    return path
  if text not in PUBLISHED:
    raise UserError(
      f'--weights={text} does not exist, nor is it one of the published'
      f' {", ".join(PUBLISHED)}.'
    )
  return fetch(PUBLISHED[text], files.cache_folder() / 'weights')
