"""VisDA-2017: Peng, Usman, Kaushik, Hoffman, Wang, Saenko, "VisDA: The Visual
Domain Adaptation Challenge", 2017 (https://arxiv.org/abs/1710.06924).

The target is the challenge's validation set, as usual."""

import pathlib

from da_jax.data.obtain.download import Remote
from da_jax.data.pair import Task
from da_jax.data.published import prepared
from da_jax.data.published.image_records import class_folders
from da_jax.data.published.record import File, Published

CITATION = """@article{peng2017visda,
  title={VisDA: The Visual Domain Adaptation Challenge},
  author={Peng, Xingchao and Usman, Ben and Kaushik, Neela and Hoffman, Judy
    and Wang, Dequan and Saenko, Kate},
  journal={arXiv preprint arXiv:1710.06924},
  year={2017}
}"""
CLASS_NAMES = (
  'aeroplane',
  'bicycle',
  'bus',
  'car',
  'horse',
  'knife',
  'motorcycle',
  'person',
  'plant',
  'skateboard',
  'train',
  'truck',
)
PUBLISHED = Published(
  name='visda2017',
  counts={'synthetic': {'all': 152397}, 'real': {'all': 55388}},
  class_names=CLASS_NAMES,
  folders=('visda2017', 'visda-2017', 'VisDA2017', 'VisDA-2017', 'visda'),
  layout='train/<class>/* (synthetic) and validation/<class>/* (real)',
  homepage='https://ai.bu.edu/visda-2017/',
  citation=CITATION,
  records=class_folders(
    CLASS_NAMES, {'synthetic': ('train',), 'real': ('validation',)}
  ),
  files=(
    File(
      Remote(
        'visda2017_train.tar',
        (
          'http://csr.bu.edu/ftp/visda17/clf/train.tar',
          'https://cloud.tsinghua.edu.cn/f/c5f3ce59139144ec8221/?dl=1',
        ),
      ),
      'train',
      ('synthetic',),
    ),
    File(
      Remote(
        'visda2017_validation.tar',
        (
          'http://csr.bu.edu/ftp/visda17/clf/validation.tar',
          'https://cloud.tsinghua.edu.cn/f/da70e4b1cf514ecea562/?dl=1',
        ),
      ),
      'validation',
      ('real',),
    ),
  ),
)
DOMAINS = tuple(PUBLISHED.counts)


def load(data_dir: pathlib.Path, source: str, target: str, **options) -> Task:
  """Reads two of the domains: see `prepared.load`."""
  return prepared.load(
    PUBLISHED, data_dir, source, target, backbone='resnet101', **options
  )
