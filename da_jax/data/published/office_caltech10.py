"""Office-Caltech10: Gong, Shi, Sha, Grauman, "Geodesic Flow Kernel for
Unsupervised Domain Adaptation", CVPR 2012
(https://doi.org/10.1109/CVPR.2012.6247911)."""

import pathlib

from da_jax.data.obtain.download import Remote
from da_jax.data.pair import Task
from da_jax.data.published import prepared
from da_jax.data.published.image_records import class_folders
from da_jax.data.published.record import File, Published

CLASS_NAMES = (
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
)
CITATION = """@inproceedings{gong2012geodesic,
  title={Geodesic Flow Kernel for Unsupervised Domain Adaptation},
  author={Gong, Boqing and Shi, Yuan and Sha, Fei and Grauman, Kristen},
  booktitle={IEEE Conference on Computer Vision and Pattern Recognition},
  year={2012}
}"""
PUBLISHED = Published(
  name='office_caltech10',
  counts={
    'amazon': {'all': 958},
    'caltech10': {'all': 1123},
    'dslr': {'all': 157},
    'webcam': {'all': 295},
  },
  class_names=CLASS_NAMES,
  folders=(
    'office_caltech10',
    'office_caltech10/images',
    'office_caltech10_images',
    'office-caltech10',
  ),
  layout='<domain>/<class>/* or <domain>/images/<class>/*',
  homepage='https://github.com/ZhangJUJU/OfficeCaltechDomainAdaptation',
  citation=CITATION,
  records=class_folders(CLASS_NAMES),
  files=(
    File(
      Remote(
        'office_caltech10.zip',
        (
          'https://github.com/ZhangJUJU/OfficeCaltechDomainAdaptation'
          '/archive/HEAD.zip',
        ),
      ),
    ),
  ),
)
DOMAINS = tuple(PUBLISHED.counts)


def load(data_dir: pathlib.Path, source: str, target: str, **options) -> Task:
  """Reads two of the domains: see `prepared.load`."""
  return prepared.load(PUBLISHED, data_dir, source, target, **options)
