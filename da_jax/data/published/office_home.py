"""Office-Home: Venkateswara, Eusebio, Chakraborty, Panchanathan, "Deep Hashing
Network for Unsupervised Domain Adaptation", CVPR 2017
(https://arxiv.org/abs/1706.07522)."""

import pathlib

from da_jax.data.obtain.download import Remote
from da_jax.data.pair import Task
from da_jax.data.published import prepared
from da_jax.data.published.image_records import class_folders
from da_jax.data.published.record import File, Published

CITATION = """@inproceedings{venkateswara2017deep,
  title={Deep Hashing Network for Unsupervised Domain Adaptation},
  author={Venkateswara, Hemanth and Eusebio, Jose and Chakraborty, Shayok and
    Panchanathan, Sethuraman},
  booktitle={IEEE Conference on Computer Vision and Pattern Recognition},
  year={2017}
}"""
_NAMES = """
  Alarm_Clock Backpack Batteries Bed Bike Bottle Bucket Calculator Calendar
  Candles Chair Clipboards Computer Couch Curtains Desk_Lamp Drill Eraser
  Exit_Sign Fan File_Cabinet Flipflops Flowers Folder Fork Glasses Hammer
  Helmet Kettle Keyboard Knives Lamp_Shade Laptop Marker Monitor Mop Mouse
  Mug Notebook Oven Pan Paper_Clip Pen Pencil Postit_Notes Printer Push_Pin
  Radio Refrigerator Ruler Scissors Screwdriver Shelf Sink Sneakers Soda
  Speaker Spoon TV Table Telephone ToothBrush Toys Trash_Can Webcam
"""
CLASS_NAMES = tuple(_NAMES.split())
PUBLISHED = Published(
  name='office_home',
  counts={
    'art': {'all': 2427},
    'clipart': {'all': 4365},
    'product': {'all': 4439},
    'real_world': {'all': 4357},
  },
  class_names=CLASS_NAMES,
  folders=(
    'office_home',
    'OfficeHomeDataset_10072016',
    'office_home/OfficeHomeDataset_10072016',
    'OfficeHome',
    'officehome',
  ),
  layout=(
    'Art/<class>/*, Clipart/<class>/*, Product/<class>/* and'
    ' Real World/<class>/*'
  ),
  homepage='https://www.hemanthdv.org/officeHomeDataset.html',
  citation=CITATION,
  records=class_folders(
    CLASS_NAMES,
    {
      'art': ('Art', 'art'),
      'clipart': ('Clipart', 'clipart'),
      'product': ('Product', 'product'),
      'real_world': (
        'Real World',
        'Real_World',
        'RealWorld',
        'real_world',
        'Real',
        'real',
      ),
    },
  ),
  files=(
    # The images of pytorch-adapt, which are resized.
    File(
      Remote(
        'officehome_resized.tar.gz',
        (
          'https://cornell.box.com/shared/static/xwsbubtcr8flqfuds5f6okqbr3z0w82t',
        ),
        'md5:52d6039512434aa561d66de9c10828c3',
      ),
    ),
  ),
)
DOMAINS = tuple(PUBLISHED.counts)


def load(data_dir: pathlib.Path, source: str, target: str, **options) -> Task:
  """Reads two of the domains: see `prepared.load`."""
  return prepared.load(PUBLISHED, data_dir, source, target, **options)
