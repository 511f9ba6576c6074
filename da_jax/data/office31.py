"""Office-31: Saenko, Kulis, Fritz, Darrell, "Adapting Visual Category Models
to New Domains", ECCV 2010 (https://doi.org/10.1007/978-3-642-15561-1_16)."""

import pathlib

from da_jax.data import office
from da_jax.data.pair import Task

PUBLISHED = office.Published(
  name='office31',
  counts={'amazon': 2817, 'dslr': 498, 'webcam': 795},
  class_names=(
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
  ),
  folders=('office31', 'office_31', 'office-31'),
  url='https://cornell.box.com/shared/static/3v2ftdkdhpz1lbbr4uhu0135w7m79p7q',
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
