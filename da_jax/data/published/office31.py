"""Office-31: Saenko, Kulis, Fritz, Darrell, "Adapting Visual Category Models
to New Domains", ECCV 2010 (https://doi.org/10.1007/978-3-642-15561-1_16)."""

import pathlib

from da_jax.data.obtain.download import Remote
from da_jax.data.pair import Task
from da_jax.data.published import prepared
from da_jax.data.published.image_records import class_folders
from da_jax.data.published.record import File, Published

CLASS_NAMES = (
  'back_pack',
  'bike',
  'bike_helmet',
  'bookcase',
  'bottle',
  'calculator',
  'desk_chair',
  'desk_lamp',
  'desktop_computer',
  'file_cabinet',
  'headphones',
  'keyboard',
  'laptop_computer',
  'letter_tray',
  'mobile_phone',
  'monitor',
  'mouse',
  'mug',
  'paper_notebook',
  'pen',
  'phone',
  'printer',
  'projector',
  'punchers',
  'ring_binder',
  'ruler',
  'scissors',
  'speaker',
  'stapler',
  'tape_dispenser',
  'trash_can',
)
CITATION = """@inproceedings{saenko2010adapting,
  title={Adapting Visual Category Models to New Domains},
  author={Saenko, Kate and Kulis, Brian and Fritz, Mario and Darrell, Trevor},
  booktitle={European Conference on Computer Vision},
  year={2010}
}"""
PUBLISHED = Published(
  name='office31',
  counts={
    'amazon': {'all': 2817},
    'dslr': {'all': 498},
    'webcam': {'all': 795},
  },
  class_names=CLASS_NAMES,
  folders=('office31', 'office_31', 'office-31'),
  layout='<domain>/<class>/* or <domain>/images/<class>/*',
  homepage='https://faculty.cc.gatech.edu/~judy/domainadapt/',
  citation=CITATION,
  records=class_folders(CLASS_NAMES),
  files=(
    File(
      Remote(
        'office31.tar.gz',
        (
          'https://cornell.box.com/shared/static/3v2ftdkdhpz1lbbr4uhu0135w7m79p7q',
        ),
        'md5:89818e596f3cdda1d56da0f077435faa',
      ),
    ),
  ),
)
DOMAINS = tuple(PUBLISHED.counts)


def load(data_dir: pathlib.Path, source: str, target: str, **options) -> Task:
  """Reads two of the domains: see `prepared.load`."""
  return prepared.load(PUBLISHED, data_dir, source, target, **options)
