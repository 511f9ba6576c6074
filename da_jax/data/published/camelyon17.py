"""Camelyon17-WILDS: Koh et al., "WILDS: A Benchmark of in-the-Wild Distribution
Shifts", ICML 2021 (https://arxiv.org/abs/2012.07421), of Bandi et al., "From
Detection of Individual Metastases to Classification of Lymph Node Status at the
Patient Level: The CAMELYON17 Challenge", IEEE TMI 2018.

Domains are the five hospitals ("centers"); WILDS trains on centers 0, 3 and 4,
validates on 1 and tests on 2.
"""

import csv
import pathlib

import numpy as np

from da_jax.data.obtain.download import Remote
from da_jax.data.pair import Task
from da_jax.data.published import prepared
from da_jax.data.published.image_records import of_files
from da_jax.data.published.record import File, Published, Records
from da_jax.errors import UserError

IMAGE_SIZE = 96  # of the patches
CITATION = """@inproceedings{koh2021wilds,
  title={WILDS: A Benchmark of in-the-Wild Distribution Shifts},
  author={Koh, Pang Wei and Sagawa, Shiori and others},
  booktitle={International Conference on Machine Learning},
  year={2021}
}"""
_COLUMNS = ('patient', 'node', 'x_coord', 'y_coord', 'tumor', 'center')


def _records(root: pathlib.Path, domain: str) -> dict[str, Records]:
  table = root / 'metadata.csv'
  if not table.is_file():
    return {}
  paths, y = [], []
  with table.open(newline='', encoding='utf-8') as file:
    rows = csv.DictReader(file)
    if missing := set(_COLUMNS) - set(rows.fieldnames or ()):
      raise UserError(
        f'{table} has no column {", ".join(sorted(missing))}: get it again.'
      )
    for row in rows:
      if f'center{row["center"]}' == domain:
        folder = f'patient_{row["patient"]}_node_{row["node"]}'
        name = f'patch_{folder}_x_{row["x_coord"]}_y_{row["y_coord"]}.png'
        paths.append(root / 'patches' / folder / name)
        y.append(int(row['tumor']))
  return {'all': of_files(root, paths, np.array(y, np.int32))} if y else {}


PUBLISHED = Published(
  name='camelyon17',
  counts={
    'center0': {'all': 59436},
    'center1': {'all': 34904},
    'center2': {'all': 85054},
    'center3': {'all': 129838},
    'center4': {'all': 146722},
  },
  class_names=('normal', 'tumor'),
  folders=('camelyon17', 'camelyon17_v1.0'),
  layout='metadata.csv and patches/patient_<p>_node_<n>/*.png',
  homepage='https://wilds.stanford.edu/datasets/#camelyon17',
  citation=CITATION,
  records=_records,
  files=(
    File(
      Remote(
        'camelyon17_v1.0.tar.gz',
        (
          'https://worksheets.codalab.org/rest/bundles'
          '/0xe45e15f39fb54e9d9e919556af67aabe/contents/blob/',
        ),
        size=10_658_709_504,
      ),
    ),
  ),
)
DOMAINS = tuple(PUBLISHED.counts)


def load(
  data_dir: pathlib.Path,
  source: str,
  target: str,
  *,
  image_size: int = IMAGE_SIZE,
  broken_files: str = 'refuse',
) -> Task:
  """Reads two of the domains: see `prepared.load`."""
  return prepared.load(
    PUBLISHED,
    data_dir,
    source,
    target,
    image_size=image_size,
    broken_files=broken_files,
  )
