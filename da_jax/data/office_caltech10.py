"""Office-Caltech10: Gong, Shi, Sha, Grauman, "Geodesic Flow Kernel for
Unsupervised Domain Adaptation", CVPR 2012
(https://doi.org/10.1109/CVPR.2012.6247911)."""

import pathlib

from da_jax.data import office
from da_jax.data.pair import Task

PUBLISHED = office.Published(
  name='office_caltech10',
  counts={'amazon': 958, 'caltech10': 1123, 'dslr': 157, 'webcam': 295},
  class_names=(
    'backpack',
    'bike',
    'calculator',
    'headphones',
    'keyboard',
    'laptop',
    'monitor',
    'mouse',
    'mug',
    'projector',
  ),
  folders=('office_caltech10', 'office_caltech10_images', 'office-caltech10'),
  url='https://github.com/ZhangJUJU/OfficeCaltechDomainAdaptation',
)
DOMAINS = tuple(PUBLISHED.counts)


def load(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  image_size: int | None = None,
) -> Task:
  """Reads two of the domains: see `office.load`."""
  return office.load(PUBLISHED, data_dir, source, target, image_size)
