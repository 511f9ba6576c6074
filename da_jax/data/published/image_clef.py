"""ImageCLEF-DA: classes shared by Caltech-256 (c), ImageNet (i), Pascal VOC (p)
and Bing (b), as in Long, Zhu, Wang, Jordan, "Deep Transfer Learning with Joint
Adaptation Networks", ICML 2017 (https://arxiv.org/abs/1605.06636)."""

import pathlib

from da_jax.data.pair import Task
from da_jax.data.published import prepared
from da_jax.data.published.image_records import class_folders, listed
from da_jax.data.published.record import Published, Records

CITATION = """@inproceedings{long2017deep,
  title={Deep Transfer Learning with Joint Adaptation Networks},
  author={Long, Mingsheng and Zhu, Han and Wang, Jianmin and Jordan, Michael
    I.},
  booktitle={International Conference on Machine Learning},
  year={2017}
}"""
CLASS_NAMES = (
  'aeroplane',
  'bike',
  'bird',
  'boat',
  'bottle',
  'bus',
  'car',
  'dog',
  'horse',
  'monitor',
  'motorbike',
  'people',
)
_FOLDERS = class_folders(CLASS_NAMES)
_LISTS = listed(CLASS_NAMES, {'all': (('{domain}List.txt',),)})


def _records(root: pathlib.Path, domain: str) -> dict[str, Records]:
  return _LISTS(root, domain) or _FOLDERS(root, domain)


PUBLISHED = Published(
  name='image_clef',
  counts={name: {'all': 600} for name in ('b', 'c', 'i', 'p')},
  class_names=CLASS_NAMES,
  folders=(
    'image_clef',
    'image-clef',
    'imageCLEF',
    'ImageCLEF',
    'ImageCLEF-DA',
  ),
  layout='<domain>/* with list/<domain>List.txt, or <domain>/<class>/*',
  homepage='https://www.imageclef.org/2014/adaptation',
  citation=CITATION,
  records=_records,
)
DOMAINS = tuple(PUBLISHED.counts)


def load(data_dir: pathlib.Path, source: str, target: str, **options) -> Task:
  """Reads two of the domains: see `prepared.load`."""
  return prepared.load(PUBLISHED, data_dir, source, target, **options)
