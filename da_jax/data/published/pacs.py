"""PACS: Li, Yang, Song, Hospedales, "Deeper, Broader and Artier Domain
Generalization", ICCV 2017 (https://arxiv.org/abs/1710.03077)."""

import pathlib

from da_jax.data.obtain.download import Remote
from da_jax.data.pair import Task
from da_jax.data.published import prepared
from da_jax.data.published.image_records import class_folders
from da_jax.data.published.record import File, Published

CITATION = """@inproceedings{li2017deeper,
  title={Deeper, Broader and Artier Domain Generalization},
  author={Li, Da and Yang, Yongxin and Song, Yi-Zhe and Hospedales, Timothy M.},
  booktitle={IEEE International Conference on Computer Vision},
  year={2017}
}"""
CLASS_NAMES = (
  'dog',
  'elephant',
  'giraffe',
  'guitar',
  'horse',
  'house',
  'person',
)
_MIRROR = 'https://cloud.tsinghua.edu.cn/f'
_ARCHIVES = {
  'art_painting': '4eb7db4f3eec41719856',
  'cartoon': 'd847ac22497b4826889f',
  'photo': '458ad21483da4a45935b',
  'sketch': 'c892ac2d94a44b1196b8',
}
PUBLISHED = Published(
  name='pacs',
  counts={
    'art_painting': {'all': 2048},
    'cartoon': {'all': 2344},
    'photo': {'all': 1670},
    'sketch': {'all': 3929},
  },
  class_names=CLASS_NAMES,
  folders=('pacs', 'PACS', 'pacs/kfold', 'PACS/kfold', 'pacs/images', 'kfold'),
  layout='<domain>/<class>/*',
  homepage='https://domaingeneralization.github.io/#data',
  citation=CITATION,
  records=class_folders(CLASS_NAMES),
  files=tuple(
    File(
      Remote(f'pacs_{domain}.tgz', (f'{_MIRROR}/{key}/?dl=1',)),
      domain,
      (domain,),
    )
    for domain, key in _ARCHIVES.items()
  ),
)
DOMAINS = tuple(PUBLISHED.counts)


def load(data_dir: pathlib.Path, source: str, target: str, **options) -> Task:
  """Reads two of the domains: see `prepared.load`."""
  return prepared.load(PUBLISHED, data_dir, source, target, **options)
