"""DomainNet-126: the classes and domains of DomainNet in Saito, Kim, Sclaroff,
Darrell, Saenko, "Semi-Supervised Domain Adaptation via Minimax Entropy", ICCV
2019 (https://arxiv.org/abs/1904.06487)."""

import pathlib

from da_jax.data.obtain.download import Remote
from da_jax.data.pair import Task
from da_jax.data.published import prepared
from da_jax.data.published.image_records import listed
from da_jax.data.published.record import File, Published

CITATION = """@inproceedings{saito2019semi,
  title={Semi-Supervised Domain Adaptation via Minimax Entropy},
  author={Saito, Kuniaki and Kim, Donghyun and Sclaroff, Stan and Darrell,
    Trevor and Saenko, Kate},
  booktitle={IEEE International Conference on Computer Vision},
  year={2019}
}"""
_NAMES = """
  aircraft_carrier alarm_clock ant anvil asparagus axe banana basket bathtub
  bear bee bird blackberry blueberry bottlecap broccoli bus butterfly cactus
  cake calculator camel camera candle cannon canoe carrot castle cat
  ceiling_fan cello cell_phone chair chandelier coffee_cup compass computer
  cow crab crocodile cruise_ship dog dolphin dragon drums duck dumbbell
  elephant eyeglasses feather fence fish flamingo flower foot fork frog
  giraffe goatee grapes guitar hammer helicopter helmet horse kangaroo
  lantern laptop leaf lion lipstick lobster microphone monkey mosquito mouse
  mug mushroom onion panda peanut pear peas pencil penguin pig pillow
  pineapple potato power_outlet purse rabbit raccoon rhinoceros rifle
  saxophone screwdriver sea_turtle see_saw sheep shoe skateboard snake
  speedboat spider squirrel strawberry streetlight string_bean submarine
  swan table teapot teddy-bear television The_Eiffel_Tower
  The_Great_Wall_of_China tiger toe train truck umbrella vase watermelon
  whale zebra
"""
CLASS_NAMES = tuple(_NAMES.split())
PUBLISHED = Published(
  name='domainnet126',
  counts={
    'clipart': {'all': 18703},
    'painting': {'all': 31502},
    'real': {'all': 70358},
    'sketch': {'all': 24582},
  },
  class_names=CLASS_NAMES,
  folders=('domainnet126', 'domainnet-126', 'multi', 'domainnet'),
  layout=(
    '<domain>/<class>/* with <domain>_list.txt or'
    ' labeled_source_images_<domain>.txt or <domain>126_train.txt and'
    ' <domain>126_test.txt'
  ),
  homepage='https://github.com/VisionLearningGroup/SSDA_MME',
  citation=CITATION,
  records=listed(
    CLASS_NAMES,
    {
      'all': (
        ('{domain}_list.txt',),
        ('labeled_source_images_{domain}.txt',),
        ('{domain}126_train.txt', '{domain}126_test.txt'),
      )
    },
  ),
  files=(
    File(
      Remote(
        'domainnet126.tar.gz',
        (
          'https://cornell.box.com/shared/static/5uu0v3rs9heusbiht2nn1gbn4yfspas6',
        ),
        'md5:50f29fa0152d715c036c813ad67502d6',
      ),
    ),
  ),
)
DOMAINS = tuple(PUBLISHED.counts)


def load(data_dir: pathlib.Path, source: str, target: str, **options) -> Task:
  """Reads two of the domains: see `prepared.load`."""
  return prepared.load(PUBLISHED, data_dir, source, target, **options)
