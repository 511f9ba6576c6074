"""Features of Office-Caltech10: Gong, Shi, Sha, Grauman, "Geodesic Flow Kernel
for Unsupervised Domain Adaptation", CVPR 2012
(https://doi.org/10.1109/CVPR.2012.6247911).

SURF: histograms of 800 visual words. DeCAF6: the sixth layer of AlexNet
(Donahue et al., ICML 2014). Prepared as is usual for them: see `zscore`.
"""

import pathlib

import numpy as np

from da_jax.data import mat, transforms, zscore
from da_jax.data.locate import locate
from da_jax.data.office_caltech10 import PUBLISHED
from da_jax.data.pair import Domain, Examples, Task
from da_jax.errors import UserError

DOMAINS = tuple(PUBLISHED.counts)
# Dataset -> what its folder may be called, ending of its files, features.
_KINDS = {
  'office_caltech10_surf': (('office_caltech10_surf',), 'SURF_L10', 800),
  'office_caltech10_decaf6': (('office_caltech10_decaf6',), 'decaf', 4096),
}
URL = 'https://github.com/jindongwang/transferlearning/tree/master/data'


def load(
  dataset: str, data_dir: pathlib.Path, source: str, target: str
) -> Task:
  """Reads two of the domains; the target's rows all train and test.

  Args:
    dataset: 'office_caltech10_surf' or 'office_caltech10_decaf6'.
    data_dir: folder of the .mat files, or one with a folder of that name.
    source: one of `DOMAINS`.
    target: another one.

  Returns:
    Rows of ten classes.

  Raises:
    UserError: a file is missing or damaged.
  """
  return Task(
    dataset=dataset,
    source=_domain(dataset, data_dir, source),
    target=_domain(dataset, data_dir, target),
    protocol='transductive',
    backbone='mlp',
    transform=lambda augmentation: transforms.rows(),
    fit=zscore.fit,
  )
