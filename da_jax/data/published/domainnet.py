"""DomainNet: Peng, Bai, Xia, Huang, Saenko, Wang, "Moment Matching for
Multi-Source Domain Adaptation", ICCV 2019 (https://arxiv.org/abs/1812.01754).

The published lists say which images train and test. Some lack a class:
painting_train.txt has no t-shirt."""

import pathlib

from da_jax.data.obtain.download import Remote
from da_jax.data.pair import Task
from da_jax.data.published import prepared
from da_jax.data.published.image_records import listed
from da_jax.data.published.record import File, Published

CITATION = """@inproceedings{peng2019moment,
  title={Moment Matching for Multi-Source Domain Adaptation},
  author={Peng, Xingchao and Bai, Qinxun and Xia, Xide and Huang, Zijun and
    Saenko, Kate and Wang, Bo},
  booktitle={IEEE International Conference on Computer Vision},
  year={2019}
}"""
_NAMES = """
  aircraft_carrier airplane alarm_clock ambulance angel animal_migration ant
  anvil apple arm asparagus axe backpack banana bandage barn baseball
  baseball_bat basket basketball bat bathtub beach bear beard bed bee belt
  bench bicycle binoculars bird birthday_cake blackberry blueberry book
  boomerang bottlecap bowtie bracelet brain bread bridge broccoli broom
  bucket bulldozer bus bush butterfly cactus cake calculator calendar camel
  camera camouflage campfire candle cannon canoe car carrot castle cat
  ceiling_fan cello cell_phone chair chandelier church circle clarinet clock
  cloud coffee_cup compass computer cookie cooler couch cow crab crayon
  crocodile crown cruise_ship cup diamond dishwasher diving_board dog
  dolphin donut door dragon dresser drill drums duck dumbbell ear elbow
  elephant envelope eraser eye eyeglasses face fan feather fence finger
  fire_hydrant fireplace firetruck fish flamingo flashlight flip_flops
  floor_lamp flower flying_saucer foot fork frog frying_pan garden
  garden_hose giraffe goatee golf_club grapes grass guitar hamburger hammer
  hand harp hat headphones hedgehog helicopter helmet hexagon hockey_puck
  hockey_stick horse hospital hot_air_balloon hot_dog hot_tub hourglass
  house house_plant hurricane ice_cream jacket jail kangaroo key keyboard
  knee knife ladder lantern laptop leaf leg light_bulb lighter lighthouse
  lightning line lion lipstick lobster lollipop mailbox map marker matches
  megaphone mermaid microphone microwave monkey moon mosquito motorbike
  mountain mouse moustache mouth mug mushroom nail necklace nose ocean
  octagon octopus onion oven owl paintbrush paint_can palm_tree panda pants
  paper_clip parachute parrot passport peanut pear peas pencil penguin piano
  pickup_truck picture_frame pig pillow pineapple pizza pliers police_car
  pond pool popsicle postcard potato power_outlet purse rabbit raccoon radio
  rain rainbow rake remote_control rhinoceros rifle river roller_coaster
  rollerskates sailboat sandwich saw saxophone school_bus scissors scorpion
  screwdriver sea_turtle see_saw shark sheep shoe shorts shovel sink
  skateboard skull skyscraper sleeping_bag smiley_face snail snake snorkel
  snowflake snowman soccer_ball sock speedboat spider spoon spreadsheet
  square squiggle squirrel stairs star steak stereo stethoscope stitches
  stop_sign stove strawberry streetlight string_bean submarine suitcase sun
  swan sweater swing_set sword syringe table teapot teddy-bear telephone
  television tennis_racquet tent The_Eiffel_Tower The_Great_Wall_of_China
  The_Mona_Lisa tiger toaster toe toilet tooth toothbrush toothpaste tornado
  tractor traffic_light train tree triangle trombone truck trumpet t-shirt
  umbrella underwear van vase violin washing_machine watermelon waterslide
  whale wheel windmill wine_bottle wine_glass wristwatch yoga zebra zigzag
"""
CLASS_NAMES = tuple(_NAMES.split())
_URL = 'http://csr.bu.edu/ftp/visda/2019/multi-source'
# Of clipart and painting there is an older archive, too, with duplicates.
_ARCHIVES = {
  'clipart': f'{_URL}/groundtruth/clipart.zip',
  'infograph': f'{_URL}/infograph.zip',
  'painting': f'{_URL}/groundtruth/painting.zip',
  'quickdraw': f'{_URL}/quickdraw.zip',
  'real': f'{_URL}/real.zip',
  'sketch': f'{_URL}/sketch.zip',
}


def _files(domain: str) -> tuple[File, ...]:
  lists = [f'{domain}_{split}.txt' for split in ('train', 'test')]
  return (
    *(
      File(Remote(name, (f'{_URL}/domainnet/txt/{name}',)), None, (domain,))
      for name in lists
    ),
    File(Remote(f'{domain}.zip', (_ARCHIVES[domain],)), domain, (domain,)),
  )


PUBLISHED = Published(
  name='domainnet',
  counts={
    'clipart': {'train': 33525, 'test': 14604},
    'infograph': {'train': 36023, 'test': 15582},
    'painting': {'train': 50416, 'test': 21850},
    'quickdraw': {'train': 120750, 'test': 51750},
    'real': {'train': 120906, 'test': 52041},
    'sketch': {'train': 48212, 'test': 20916},
  },
  class_names=CLASS_NAMES,
  folders=('domainnet', 'DomainNet', 'domain_net'),
  layout='<domain>/<class>/* with <domain>_train.txt and <domain>_test.txt',
  homepage='https://ai.bu.edu/M3SDA/',
  citation=CITATION,
  records=listed(
    CLASS_NAMES,
    {
      'train': (('{domain}_train.txt',),),
      'test': (('{domain}_test.txt',),),
    },
  ),
  files=tuple(file for domain in _ARCHIVES for file in _files(domain)),
)
DOMAINS = tuple(PUBLISHED.counts)


def load(data_dir: pathlib.Path, source: str, target: str, **options) -> Task:
  """Reads two of the domains: see `prepared.load`."""
  return prepared.load(
    PUBLISHED, data_dir, source, target, backbone='resnet101', **options
  )
